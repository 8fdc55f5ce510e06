import type { RunView } from "./run-view.ts";
import { isOpen, type Span } from "./span.ts";

/** The kind of the steps that are the waits of a paced run. */
export const PAUSE = "pause";

/** The wait before the next step, while it lasts. */
export function pauseOf({ steps, ended }: Pick<RunView, "steps" | "ended">): Span<"step"> | undefined {
  const last = steps.at(-1);
  return ended === undefined && last?.attributes.kind === PAUSE && isOpen(last) ? last : undefined;
}

/** The steps of the scenario itself. */
export function stepsDone({ steps }: Pick<RunView, "steps">): Span<"step">[] {
  return steps.filter(({ attributes }) => attributes.kind !== PAUSE);
}
