import { Axis } from "./axis.ts";
import { gapUnits, idleGaps } from "./idle-gaps.ts";
import type { TimelineModel } from "./timeline-model.ts";

/** One axis for one run or for several: only time that is idle in all of them is collapsed. */
export function axisOf(models: readonly TimelineModel[], untilMs: number, collapsesIdle: boolean): Axis {
  const durationMs = Math.max(untilMs, ...models.map(({ endMs }) => endMs));
  if (!collapsesIdle) return new Axis(durationMs, [], 1);
  const gaps = idleGaps(instantsOf(models), durationMs, busyIn(models));
  return new Axis(durationMs, gaps, gapUnits(gaps, durationMs));
}

function instantsOf(models: readonly TimelineModel[]): Iterable<number> {
  const [only, ...others] = models;
  if (only !== undefined && others.length === 0) return instantsIn(only);
  return models.flatMap((model) => [...instantsIn(model)]).sort((a, b) => a - b);
}

function* instantsIn({ instantsMs, preview, lastMs }: TimelineModel): Generator<number> {
  yield* instantsMs;
  if (preview !== undefined) yield* preview.instantsAfter(lastMs);
}

function* busyIn(models: readonly TimelineModel[]): Generator<{ startMs: number; endMs: number }> {
  for (const model of models) yield* model.inProgress();
}
