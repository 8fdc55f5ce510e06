import type { TraceSpan } from "../trace-files/trace.ts";
import type { TraceTree } from "../trace-files/trace-tree.ts";

/** The spans of a kind that have none of that kind above them, by their start. */
export function topmost(
  tree: TraceTree,
  spans: readonly TraceSpan[],
  isWanted: (span: TraceSpan) => boolean,
): TraceSpan[] {
  const wanted = new Set(spans.filter(isWanted));
  /** Of the spans passed on the way up: a chain may have a hundred thousand. */
  const isBelow = new Map<TraceSpan, boolean>();
  return [...wanted].filter((span) => {
    const passed: TraceSpan[] = [];
    let above = tree.parentOf(span);
    for (; above !== undefined && !wanted.has(above) && !isBelow.has(above); above = tree.parentOf(above)) {
      passed.push(above);
    }
    const found = above !== undefined && (wanted.has(above) || isBelow.get(above) === true);
    for (const each of passed) isBelow.set(each, found);
    return !found;
  });
}

/** When the last of a span and of those below it ended, or the span began. */
export function lastEnd(span: TraceSpan, below: readonly TraceSpan[]): number {
  return below.reduce((last, { endUs = 0 }) => Math.max(last, endUs), Math.max(span.startUs, span.endUs ?? 0));
}
