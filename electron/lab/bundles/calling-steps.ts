import type { Span } from "../../model/span.ts";

/** Steps that are remembered, and turns; of more the oldest are forgotten. */
const LIMIT = 1_000;
/** Clocks of two processes on one machine, each read in whole milliseconds. */
const CLOCK_SLACK_MS = 1;
/** Kinds of steps that call tools: beside one of them, what another step does is no reason for a call. */
const CALLING: ReadonlySet<string> = new Set(["agent", "call", "storm"]);

/**
 * Which step of a run a call belongs to. All calls of a turn belong to one. A step that tells its turn, as the agent does,
 * is known for sure; any other is the one during which the turn's first call came.
 */
export class CallingSteps {
  readonly #steps = new Map<string, Span<"step">>();
  readonly #told = new Map<string, string>();
  readonly #guessed = new Map<string, string | undefined>();

  /** A step as it is by now. */
  take(step: Span<"step">): void {
    const { output } = step.attributes;
    keep(this.#steps, step.attributes.step, step);
    if (typeof output !== "object" || output === null || !("turnId" in output)) return;
    if (typeof output.turnId === "string") keep(this.#told, output.turnId, step.attributes.step);
  }

  /** Undefined for a call that came while no step was under way. */
  stepOf(turnId: string, startMs: number): { step: string; by: "turn" | "time" } | undefined {
    const told = this.#told.get(turnId);
    if (told !== undefined) return { step: told, by: "turn" };
    if (!this.#guessed.has(turnId)) keep(this.#guessed, turnId, this.#during(startMs));
    const step = this.#guessed.get(turnId);
    return step === undefined ? undefined : { step, by: "time" };
  }

  /** The step that began last, of those that were under way. */
  #during(ms: number): string | undefined {
    const underWay = [...this.#steps.values()]
      .filter(({ startMs, endMs }) => startMs - CLOCK_SLACK_MS <= ms && ms <= endMs)
      .sort((a, b) => a.index - b.index);
    const calling = underWay.findLast(({ attributes }) => CALLING.has(attributes.kind));
    return (calling ?? underWay.at(-1))?.attributes.step;
  }
}

function keep<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.delete(key);
  map.set(key, value);
  if (map.size > LIMIT) map.delete(map.keys().next().value ?? "");
}
