import { expect, test } from "vitest";
import type { TraceSpan } from "./trace.ts";
import { treeOf } from "./trace-tree.ts";

let atUs = 0;

function span(spanId: string, parentId?: string): TraceSpan {
  atUs += 10;
  const rest = {
    kind: "internal",
    service: "",
    scope: "",
    attributes: {},
    events: [],
    isError: false,
    statusMessage: "",
  } as const;
  return { traceId: "t", spanId, parentId, name: spanId, startUs: atUs, endUs: atUs + 5, ...rest };
}

const namesOf = (spans: readonly TraceSpan[]) => spans.map(({ name }) => name);

test("children are below their parents, in the order of their start", () => {
  const [a, b, c, d] = [span("a"), span("b", "a"), span("c", "a"), span("d", "b")];
  const tree = treeOf({ traceId: "t", spans: [a, b, c, d] });
  expect([namesOf(tree.roots), namesOf(tree.childrenOf(a)), namesOf(tree.descendantsOf(a))]).toEqual([
    ["a"],
    ["b", "c"],
    ["b", "c", "d"],
  ]);
  expect(tree.problems).toEqual([]);
});

test("a span whose parent is missing is a root, and that is reported", () => {
  const tree = treeOf({ traceId: "t", spans: [span("a"), span("b", "nobody"), span("c", "b")] });
  expect(namesOf(tree.roots)).toEqual(["a", "b"]);
  expect(tree.problems).toEqual(["trace t: the parent of 1 span is not in it"]);
});

test("of spans that are each other's ancestors, and of one that is its own parent, the earliest is a root: no span is lost", () => {
  const spans = [span("root"), span("own", "own"), span("x", "z"), span("y", "x"), span("z", "y"), span("below", "y")];
  const tree = treeOf({ traceId: "t", spans });
  expect(namesOf(tree.roots)).toEqual(["root", "own", "x"]);
  const all = tree.roots.flatMap((root) => [root, ...tree.descendantsOf(root)]);
  expect(namesOf(all).sort()).toEqual(["below", "own", "root", "x", "y", "z"]);
  expect(tree.problems).toEqual([
    "trace t: span own is its own ancestor and counts as a root",
    "trace t: span x is its own ancestor and counts as a root",
  ]);
});

test("a span that ends before it starts is reported", () => {
  const tree = treeOf({ traceId: "t", spans: [{ ...span("a"), endUs: 1 }] });
  expect(tree.problems).toEqual(["trace t: 1 span ends before the start"]);
});

test("spans with the same id are all kept; the first is the parent of those that name it", () => {
  const [first, second, child] = [span("a"), span("a"), span("b", "a")];
  const tree = treeOf({ traceId: "t", spans: [first, second, child] });
  expect(tree.roots).toEqual([first, second]);
  expect(tree.parentOf(child)).toBe(first);
  expect(tree.problems).toEqual(["trace t: 1 span has the id of another"]);
});

test("a chain of a hundred thousand spans is no problem", () => {
  const spans = Array.from({ length: 100_000 }, (_, at) => span(`s${at}`, at === 0 ? undefined : `s${at - 1}`));
  const tree = treeOf({ traceId: "t", spans });
  expect(tree.roots).toHaveLength(1);
  expect(tree.descendantsOf(spans[0] as TraceSpan)).toHaveLength(99_999);
});
