import type { Span } from "./span.ts";

/** Maximum number of steps, and of reported turns, kept; beyond it the oldest are dropped. */
const LIMIT = 1_000;
/** Difference of two processes' clocks on one machine, each read in whole milliseconds. */
const CLOCK_SLACK_MS = 1;
/** Kinds of steps that call tools: preferred over other steps that run at the same time. */
const CALLING: ReadonlySet<string> = new Set(["agent", "call", "storm"]);

/** The step that made a call, by span id, and how it was found: reported its turn, or by time. */
export interface MadeBy {
  parent: string | undefined;
  joinedBy: "turn" | "time" | undefined;
}

const NOBODY: MadeBy = { parent: undefined, joinedBy: undefined };

/**
 * Assigns calls to steps. All calls of a turn belong to one step: the one that reports the turn, as the agent does, else
 * the one in progress at the turn's first call; later calls of the turn take it from the calls before them.
 */
export class CallingSteps {
  readonly #steps = new Map<string, Span<"step">>();
  readonly #reported = new Map<string, MadeBy>();

  /** Adds or updates a step. */
  take(step: Span<"step">): void {
    if (this.#steps.has(step.id)) this.#steps.set(step.id, step);
    else keep(this.#steps, step.id, step);
  }

  /** Records that the step reported the turn as its own. */
  report(turnId: string, step: Span<"step">): void {
    keep(this.#reported, turnId, { parent: step.id, joinedBy: "turn" });
  }

  /** @param startMs of the turn's first known call */
  of(turnId: string, startMs: number): MadeBy {
    return this.#reported.get(turnId) ?? this.#during(startMs);
  }

  /** Id of the step in progress at `ms`, the one that started last; one that calls tools, if there is any. */
  at(ms: number): string | undefined {
    return this.#during(ms).parent;
  }

  #during(ms: number): MadeBy {
    let last: Span<"step"> | undefined;
    for (const step of this.#steps.values()) {
      const isInProgress = step.startMs - CLOCK_SLACK_MS <= ms && ms <= step.endMs;
      if (isInProgress && (calls(step) || last === undefined || !calls(last))) last = step;
    }
    return last === undefined ? NOBODY : { parent: last.id, joinedBy: "time" };
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
