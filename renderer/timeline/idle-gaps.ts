import type { IdleGap } from "./axis.ts";

/** Shorter waits are part of the picture. */
const MIN_GAP_MS = 1_000;
/** A gap worth collapsing is a good part of the run: cutting many small ones would make the axis hard to read. */
const MIN_SHARE = 0.08;
const MARGIN_SHARE = 0.1;
/** What a collapsed gap takes of the axis, as a share of the time that is left. */
const GAP_SHARE = 0.07;

/**
 * The stretches of a run in which nothing began and nothing ended.
 * @param instantsMs when something happened, ascending
 */
export function idleGaps(instantsMs: Iterable<number>, durationMs: number): IdleGap[] {
  const least = Math.max(MIN_GAP_MS, durationMs * MIN_SHARE);
  const gaps: IdleGap[] = [];
  let lastMs = 0;
  for (const ms of instantsMs) {
    const sizeMs = ms - lastMs;
    if (sizeMs >= least) {
      const marginMs = Math.min(sizeMs * MARGIN_SHARE, least * MARGIN_SHARE);
      gaps.push({ startMs: lastMs + marginMs, endMs: ms - marginMs });
    }
    lastMs = Math.max(lastMs, ms);
  }
  return gaps;
}

/** The axis units that each collapsed gap takes. */
export function gapUnits(gaps: readonly IdleGap[], durationMs: number): number {
  const idleMs = gaps.reduce((sum, gap) => sum + gap.endMs - gap.startMs, 0);
  return Math.max((durationMs - idleMs) * GAP_SHARE, 1);
}
