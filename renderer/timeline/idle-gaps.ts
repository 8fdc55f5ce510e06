import type { IdleGap } from "./axis.ts";

/** Shorter waits are part of the picture. */
const MIN_GAP_MS = 1_000;
/** A gap worth collapsing is a good part of the run: cutting many small ones would make the axis hard to read. */
const MIN_SHARE = 0.08;
const MARGIN_SHARE = 0.1;
/** What a collapsed gap takes of the axis, as a share of the time that is left. */
const GAP_SHARE = 0.07;

/** Part of the time of a run. */
interface Stretch {
  startMs: number;
  endMs: number;
}

/**
 * The stretches of a run in which nothing happened and nothing was in progress.
 * @param instantsMs when something happened, ascending
 * @param busy what lasted, such as calls and steps, in any order
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

/** Few stretches are long enough to come here, so that what is busy outside them is neither sorted nor kept. */
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

/** The axis units that each collapsed gap takes. */
export function gapUnits(gaps: readonly IdleGap[], durationMs: number): number {
  const idleMs = gaps.reduce((sum, gap) => sum + gap.endMs - gap.startMs, 0);
  return Math.max((durationMs - idleMs) * GAP_SHARE, 1);
}
