import type { Span } from "./span.ts";

/** Steps that are remembered, and turns; of more the oldest are forgotten. */
const LIMIT = 1_000;
/** Clocks of two processes on one machine, each read in whole milliseconds. */
const CLOCK_SLACK_MS = 1;
/** Kinds of steps that call tools: beside one of them, what another step does is no reason for a call. */
const CALLING: ReadonlySet<string> = new Set(["agent", "call", "storm"]);

/** The step that made a call, by its span's id, and whether it said so or was the one under way; empty where none was. */
export interface MadeBy {
  parent?: string;
  joinedBy?: "turn" | "time";
}

/**
 * Which step of a run a call belongs to. All calls of a turn belong to one. A step that tells its turn, as the agent does,
 * is known for sure; any other is the one during which the turn's first call came.
 */
export class CallingSteps {
  readonly #steps = new Map<string, Span<"step">>();
  readonly #told = new Map<string, MadeBy>();
  readonly #guessed = new Map<string, MadeBy>();

  /** A step as it is by now. */
  take(step: Span<"step">): void {
    if (this.#steps.has(step.id)) this.#steps.set(step.id, step);
    else keep(this.#steps, step.id, step);
  }

  /** The step says that the calls of the turn are its own. */
  tell(turnId: string, step: Span<"step">): void {
    keep(this.#told, turnId, { parent: step.id, joinedBy: "turn" });
  }

  of(turnId: string, startMs: number): MadeBy {
    const known = this.#told.get(turnId) ?? this.#guessed.get(turnId);
    if (known !== undefined) return known;
    const guess = this.#during(startMs);
    keep(this.#guessed, turnId, guess);
    return guess;
  }

  /** The step that began last, of those that were under way. */
  #during(ms: number): MadeBy {
    let last: Span<"step"> | undefined;
    for (const step of this.#steps.values()) {
      const isUnderWay = step.startMs - CLOCK_SLACK_MS <= ms && ms <= step.endMs;
      if (isUnderWay && (calls(step) || last === undefined || !calls(last))) last = step;
    }
    return last === undefined ? {} : { parent: last.id, joinedBy: "time" };
  }
}

function calls({ attributes }: Span<"step">): boolean {
  return CALLING.has(attributes.kind);
}

function keep<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.delete(key);
  map.set(key, value);
  if (map.size > LIMIT) map.delete(map.keys().next().value ?? "");
}
