import { expect, test } from "vitest";
import { mulberry32 } from "../randomness.ts";
import { slices } from "./slicer.ts";

test.each([
  [10_000, 500, 100],
  [10_000, 500, 500],
  [1_000, 1, 1],
  [1, 1, 0],
  [0, 1, 0],
  [10_000, 1, 0],
])("%i bytes at %i +- %i: in order, none empty, within the size", (length, average, variation) => {
  const chunk = Buffer.from(Array.from({ length }, (_, at) => at % 256));
  const cut = slices(chunk, average, variation, mulberry32(3));
  expect(Buffer.concat(cut).equals(chunk)).toBe(true);
  if (length > 0) expect(Math.min(...cut.map((slice) => slice.length))).toBeGreaterThan(0);
  expect(Math.max(...cut.map((slice) => slice.length))).toBeLessThanOrEqual(average + variation);
});

test("the same random sequence gives the same slices", () => {
  const cut = (): number[] => slices(Buffer.alloc(9_000), 100, 50, mulberry32(9)).map(({ length }) => length);
  expect(cut()).toEqual(cut());
});
