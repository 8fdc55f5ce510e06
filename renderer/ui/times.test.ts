import { expect, test } from "vitest";
import { ago, bytes, secondsLeft } from "./times.ts";

test.each([
  [0, "just now"],
  [12_000, "12 s ago"],
  [5 * 60_000, "5 min ago"],
  [3 * 3_600_000, "3 h ago"],
  [24 * 3_600_000, "yesterday"],
  [72 * 3_600_000, "3 days ago"],
])("%i ms is %s", (ms, words) => {
  expect(ago(1e12 - ms, 1e12)).toBe(words);
});

test("a countdown shows neither more than the time left nor a negative number", () => {
  expect(secondsLeft(10_000, 9_001)).toBe(1);
  expect(secondsLeft(10_000, 10_000)).toBe(0);
  expect(secondsLeft(10_000, 99_000)).toBe(0);
});

test("sizes are in a readable unit", () => {
  expect([bytes(12), bytes(12_345), bytes(12_345_678), bytes(12e9)]).toEqual([
    "12 B",
    "12.3 kB",
    "12.3 MB",
    "12.00 GB",
  ]);
});
