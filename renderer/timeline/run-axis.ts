import { Axis } from "./axis.ts";
import { gapUnits, idleGaps } from "./idle-gaps.ts";
import type { TimelineModel } from "./timeline-model.ts";

/** One axis for one run, or for several side by side: only what is idle in all of them is collapsed. */
export function axisOf(models: readonly TimelineModel[], durationMs: number, collapsesIdle: boolean): Axis {
  if (!collapsesIdle) return new Axis(durationMs, [], 1);
  const gaps = idleGaps(instantsOf(models), durationMs);
  return new Axis(durationMs, gaps, gapUnits(gaps, durationMs));
}

function instantsOf(models: readonly TimelineModel[]): readonly number[] {
  const [only, ...others] = models;
  if (only !== undefined && others.length === 0) return only.instantsMs;
  return models.flatMap(({ instantsMs }) => instantsMs).sort((a, b) => a - b);
}
