import { expect, test } from "vitest";
import { RowPacking } from "./row-packing.ts";
import { SpanColumns } from "./span-columns.ts";

function pack(spans: readonly [startMs: number, endMs: number][], maxRows: number) {
  const columns = new SpanColumns();
  const packing = new RowPacking(columns, maxRows);
  for (const [startMs, endMs] of spans) {
    columns.add({ startMs, endMs, tone: "step", row: packing.rowFor(startMs, endMs), seq: 1 });
  }
  return { rows: [...columns.row.subarray(0, columns.length)], used: packing.rows };
}

test("few spans have a row each, with room for their labels", () => {
  expect(
    pack(
      [
        [0, 1],
        [1, 2],
        [2, 3],
      ],
      6,
    ).rows,
  ).toEqual([0, 1, 2]);
});

test("many spans share rows, but not at the same time", () => {
  const { rows, used } = pack(
    [
      [0, 10],
      [11, 20],
      [12, 30],
      [21, 40],
      [31, 50],
    ],
    3,
  );
  expect(rows).toEqual([0, 0, 1, 0, 1]);
  expect(used).toBe(2);
});

test("more simultaneous spans than rows overlap in the last row", () => {
  const { rows, used } = pack(
    Array.from({ length: 10 }, () => [0, 10] as [number, number]),
    3,
  );
  expect(used).toBe(3);
  expect(Math.max(...rows)).toBe(2);
});
