import type { IdleGap } from "./axis.ts";

/** Shorter gaps are not collapsed. */
const MIN_GAP_MS = 1_000;
/** Minimum share of the run: collapsing many small gaps would make the axis hard to read. */
const MIN_SHARE = 0.08;
const MARGIN_SHARE = 0.1;
/** Width of a collapsed gap, as a share of the remaining time. */
const GAP_SHARE = 0.07;

/** A period of a run. */
interface Stretch {
  startMs: number;
  endMs: number;
}

/**
 * The periods of a run without events and without anything in progress.
 * @param instantsMs times of events, ascending
 * @param busy periods in progress, such as calls and steps, in any order
 */
export function idleGaps(instantsMs: Iterable<number>, durationMs: number, busy: Iterable<Stretch> = []): IdleGap[] {
  const least = Math.max(MIN_GAP_MS, durationMs * MIN_SHARE);
  const quiet = longEnough(stretchesBetween(instantsMs), least);
  const idle = quiet.length === 0 ? quiet : longEnough(without(quiet, busy), least);
  return idle.map(({ startMs, endMs }) => {
    const marginMs = Math.min((endMs - startMs) * MARGIN_SHARE, least * MARGIN_SHARE);
    return { startMs: startMs + marginMs, endMs: endMs - marginMs };
  });
}

function* stretchesBetween(instantsMs: Iterable<number>): Generator<Stretch> {
  let lastMs = 0;
  for (const ms of instantsMs) {
    yield { startMs: lastMs, endMs: ms };
    lastMs = Math.max(lastMs, ms);
  }
}

function longEnough(stretches: Iterable<Stretch>, least: number): Stretch[] {
  const long: Stretch[] = [];
  for (const stretch of stretches) if (stretch.endMs - stretch.startMs >= least) long.push(stretch);
  return long;
}

/** Called for the few long gaps only, so that busy periods outside of them are neither sorted nor kept. */
function* without(quiet: readonly Stretch[], busy: Iterable<Stretch>): Generator<Stretch> {
  const within: Stretch[] = [];
  for (const stretch of busy) {
    if (quiet.some((gap) => stretch.startMs < gap.endMs && stretch.endMs > gap.startMs)) within.push(stretch);
  }
  within.sort((a, b) => a.startMs - b.startMs);
  for (const gap of quiet) {
    let fromMs = gap.startMs;
    for (const { startMs, endMs } of within) {
      if (startMs >= gap.endMs) break;
      if (startMs > fromMs) yield { startMs: fromMs, endMs: startMs };
      fromMs = Math.max(fromMs, endMs);
    }
    if (fromMs < gap.endMs) yield { startMs: fromMs, endMs: gap.endMs };
  }
}

/** Width of each collapsed gap in axis units. */
export function gapUnits(gaps: readonly IdleGap[], durationMs: number): number {
  const idleMs = gaps.reduce((sum, gap) => sum + gap.endMs - gap.startMs, 0);
  return Math.max((durationMs - idleMs) * GAP_SHARE, 1);
}
