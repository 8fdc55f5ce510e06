import { expect, test } from "vitest";
import { layOutTree, type TreeSpan } from "./span-tree.ts";

const span = (id: string, parent: string | undefined, start: number, end: number): TreeSpan => ({
  id,
  parent,
  start,
  end,
});
/** `id depth self` of each row, with a star for the critical path. */
const shown = (...spans: TreeSpan[]) =>
  layOutTree(spans).map((row) => `${row.span.id} ${row.depth} ${row.self}${row.isCritical ? "*" : ""}`);

test("children are below their parent, by their start, with the time that is their own", () => {
  expect(
    shown(span("c", "a", 60, 90), span("a", undefined, 0, 100), span("b", "a", 10, 40), span("d", "b", 15, 20)),
  ).toEqual(["a 0 40*", "b 1 25*", "d 2 5*", "c 1 30*"]);
});

test("children that overlap are counted once, and what they do outside their parent is not counted", () => {
  expect(
    shown(span("a", undefined, 0, 100), span("b", "a", 10, 50), span("c", "a", 30, 60), span("d", "a", 90, 130)),
  ).toEqual(["a 0 40*", "b 1 40", "c 1 30*", "d 1 40*"]);
});

test("the critical path: the last to end, and before it the last to end before that began", () => {
  expect(
    shown(
      span("root", undefined, 0, 100),
      span("fast", "root", 0, 20),
      span("slow", "root", 0, 60),
      span("inner", "slow", 10, 55),
      span("last", "root", 60, 95),
      span("beside", "root", 61, 90),
    ),
  ).toEqual(["root 0 5*", "fast 1 20", "slow 1 15*", "inner 2 45*", "last 1 35*", "beside 1 29"]);
});

test("roots are the children of the whole", () => {
  expect(shown(span("a", undefined, 0, 10), span("b", undefined, 0, 5), span("c", "nobody", 12, 20))).toEqual([
    "a 0 10*",
    "b 0 5",
    "c 0 8*",
  ]);
});

test("each span is in the tree once: circles, its own parent, and the id of another", () => {
  const rows = layOutTree([
    span("x", "y", 0, 5),
    span("y", "x", 1, 4),
    span("own", "own", 2, 3),
    span("d", undefined, 6, 7),
    span("d", undefined, 8, 9),
  ]);
  expect(rows.map(({ span: { id }, depth }) => `${id} ${depth}`).sort()).toEqual(["d 0", "d 0", "own 0", "x 0", "y 1"]);
});

test("a row knows how many are below it, in a chain of a hundred thousand as well", () => {
  const chain = Array.from({ length: 100_000 }, (_, at) =>
    span(`s${at}`, at === 0 ? undefined : `s${at - 1}`, at, 200_000 - at),
  );
  const rows = layOutTree(chain);
  expect([rows[0]?.descendants, rows.at(-1)?.depth, rows.every(({ isCritical }) => isCritical)]).toEqual([
    99_999,
    99_999,
    true,
  ]);
});
