import type { TraceSpan } from "../trace-files/trace.ts";
import type { TraceTree } from "../trace-files/trace-tree.ts";

/** The spans of a kind that have none of that kind above them, by their start. */
export function topmost(
  tree: TraceTree,
  spans: readonly TraceSpan[],
  isWanted: (span: TraceSpan) => boolean,
): TraceSpan[] {
  const wanted = new Set(spans.filter(isWanted));
  return [...wanted].filter((span) => {
    for (let above = tree.parentOf(span); above !== undefined; above = tree.parentOf(above)) {
      if (wanted.has(above)) return false;
    }
    return true;
  });
}
