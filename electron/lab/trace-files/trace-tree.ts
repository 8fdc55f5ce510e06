import type { Trace, TraceSpan } from "./trace.ts";

/** The spans of a trace as a forest. Every span is in it once, whatever its references say. */
export interface TraceTree {
  roots: readonly TraceSpan[];
  childrenOf(span: TraceSpan): readonly TraceSpan[];
  parentOf(span: TraceSpan): TraceSpan | undefined;
  /** All below a span, by their start. */
  descendantsOf(span: TraceSpan): TraceSpan[];
  /** Duplicate ids, circles, missing parents and ends before the start; the spans are kept. */
  problems: readonly string[];
}

/**
 * A span whose parent is not in the trace is a root; of spans that are each other's ancestors the earliest is; of spans
 * with the same id the first is the parent of those that name it.
 */
export function treeOf({ traceId, spans }: Trace): TraceTree {
  const problems: string[] = [];
  const byId = new Map<string, TraceSpan>();
  let duplicates = 0;
  for (const span of spans) {
    if (byId.has(span.spanId)) duplicates++;
    else byId.set(span.spanId, span);
  }
  if (duplicates > 0)
    problems.push(`trace ${traceId}: ${duplicates} ${duplicates === 1 ? "span has" : "spans have"} the id of another`);
  const parents = new Map<TraceSpan, TraceSpan>();
  for (const span of spans) {
    const parent = span.parentId === undefined ? undefined : byId.get(span.parentId);
    if (parent !== undefined) parents.set(span, parent);
  }
  const missing = spans.filter(({ parentId }) => parentId !== undefined && !byId.has(parentId)).length;
  if (missing > 0)
    problems.push(`trace ${traceId}: the parent of ${missing} ${missing === 1 ? "span" : "spans"} is not in it`);
  const reversed = spans.filter(({ startUs, endUs }) => endUs !== undefined && endUs < startUs).length;
  if (reversed > 0)
    problems.push(`trace ${traceId}: ${reversed} ${reversed === 1 ? "span ends" : "spans end"} before the start`);
  breakCircles(spans, parents, (span) =>
    problems.push(`trace ${traceId}: span ${span.spanId} is its own ancestor and counts as a root`),
  );
  const children = Map.groupBy(parents.keys(), (span) => parents.get(span) as TraceSpan);
  const childrenOf = (span: TraceSpan) => children.get(span) ?? [];
  return {
    roots: spans.filter((span) => !parents.has(span)),
    childrenOf,
    parentOf: (span) => parents.get(span),
    descendantsOf: (span) => below(span, childrenOf).sort((one, other) => one.startUs - other.startUs),
    problems,
  };
}

/** Spans are sorted by their start, so the first span found in a circle is its earliest. */
function breakCircles(
  spans: readonly TraceSpan[],
  parents: Map<TraceSpan, TraceSpan>,
  found: (span: TraceSpan) => void,
): void {
  const known = new Set<TraceSpan>();
  for (const span of spans) {
    const path = new Set<TraceSpan>();
    let at: TraceSpan | undefined = span;
    while (at !== undefined && !known.has(at) && !path.has(at)) {
      path.add(at);
      at = parents.get(at);
    }
    if (at !== undefined && path.has(at)) {
      const circle = [...path].slice([...path].indexOf(at));
      const earliest = circle.reduce((one, other) => (other.startUs < one.startUs ? other : one));
      parents.delete(earliest);
      found(earliest);
    }
    for (const each of path) known.add(each);
  }
}

/** Without recursion: a trace may be a chain of a hundred thousand spans. Those that start together keep their order. */
function below(span: TraceSpan, childrenOf: (span: TraceSpan) => readonly TraceSpan[]): TraceSpan[] {
  const found = [...childrenOf(span)];
  for (const each of found) for (const child of childrenOf(each)) found.push(child);
  return found;
}
