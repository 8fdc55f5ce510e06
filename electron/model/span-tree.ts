/** What a tree is made of. Times are in one unit, any. */
export interface TreeSpan {
  id: string;
  /** Id of the span above it; a root where that is not among the spans. */
  parent: string | undefined;
  start: number;
  end: number;
}

/** A span in its place: rows are in the order in which a tree is read, children below their parent by their start. */
export interface TreeRow<Node extends TreeSpan> {
  span: Node;
  depth: number;
  /** Index of the row of its parent; -1 for a root. */
  parentRow: number;
  /** Rows below it that belong to it. */
  descendants: number;
  /** Time in which none of its children was in progress. */
  self: number;
  /** It is on the critical path: the whole would have ended earlier, had it been shorter. */
  isCritical: boolean;
}

/**
 * Spans as a tree. Each is in it once: of spans that are each other's ancestors, the earliest is taken for a root. Takes
 * n log n for n spans, and no recursion, so that a chain of a hundred thousand is no problem.
 */
export function layOutTree<Node extends TreeSpan>(spans: readonly Node[]): TreeRow<Node>[] {
  const sorted = spans.toSorted((one, other) => one.start - other.start);
  const byId = new Map<string, Node>();
  for (const span of sorted) if (!byId.has(span.id)) byId.set(span.id, span);
  const children = new Map<Node | undefined, Node[]>();
  for (const span of sorted) {
    const named = span.parent === undefined ? undefined : byId.get(span.parent);
    const parent = named === span ? undefined : named;
    const siblings = children.get(parent);
    if (siblings === undefined) children.set(parent, [span]);
    else siblings.push(span);
  }
  const rows: TreeRow<Node>[] = [];
  const placed = new Set<Node>();
  const place = (root: Node) => {
    const open: { span: Node; depth: number; parentRow: number }[] = [{ span: root, depth: 0, parentRow: -1 }];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const { span } = next;
      if (placed.has(span)) continue;
      placed.add(span);
      const below = children.get(span) ?? [];
      const parentRow = rows.length;
      rows.push({ ...next, descendants: 0, self: selfTime(span, below), isCritical: false });
      for (const child of below.toReversed()) open.push({ span: child, depth: next.depth + 1, parentRow });
    }
  };
  for (const root of children.get(undefined) ?? []) place(root);
  // In a circle nobody is below a root.
  for (const span of sorted) if (!placed.has(span)) place(span);
  for (const { parentRow, descendants } of rows.toReversed()) {
    const parent = rows[parentRow];
    if (parent !== undefined) parent.descendants += descendants + 1;
  }
  markCriticalPath(rows);
  return rows;
}

/** @param below by their start */
function selfTime({ start, end }: TreeSpan, below: readonly TreeSpan[]): number {
  let covered = 0;
  let until = start;
  for (const child of below) {
    const [from, to] = [Math.max(child.start, until), Math.min(child.end, end)];
    if (to <= from) continue;
    covered += to - from;
    until = to;
  }
  return end - start - covered;
}

/**
 * From the end backwards: at each time the child that ended last, and before it the one that ended last before that one
 * began. One that outlasts its parent counts until the end of that, as in Jaeger's view of the critical path. The roots are
 * the children of the whole.
 */
function markCriticalPath(rows: readonly TreeRow<TreeSpan>[]): void {
  const below = Map.groupBy(rows.keys(), (row) => rows[row]?.parentRow ?? -1);
  const last = rows.reduce((latest, { span }) => Math.max(latest, span.end), 0);
  const open = [{ row: -1, end: last }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { end } = next;
    const endOf = (row: number) => Math.min(rows[row]?.span.end ?? 0, end);
    let until = end;
    for (const at of (below.get(next.row) ?? []).toSorted((one, other) => endOf(other) - endOf(one))) {
      const child = rows[at] as TreeRow<TreeSpan>;
      if (endOf(at) > until || child.span.start >= until) continue;
      child.isCritical = true;
      open.push({ row: at, end: endOf(at) });
      until = child.span.start;
    }
  }
}
