import { expect, test } from "vitest";
import { lineThrough, trendOf } from "./trend.ts";

/** Deterministic noise between -1 and 1. */
const noise = (index: number) => Math.sin(index * 12.9898) * Math.cos(index * 78.233);
const samplesOf = (valueAt: (minute: number, index: number) => number) =>
  Array.from({ length: 120 }, (_, index) => ({ atMs: index * 1_000, value: valueAt(index / 60, index) }));

test("finds the slope per minute within its interval", () => {
  const { slope, margin } = lineThrough(samplesOf((minute, index) => 7 + 30 * minute + noise(index)));
  expect(Math.abs(slope - 30)).toBeLessThan(margin);
  expect(margin).toBeLessThan(1);
});

test.each<[string, boolean, (minute: number, index: number) => number]>([
  ["a constant", false, () => 5],
  ["noise", false, (_minute, index) => 100 + 20 * noise(index)],
  ["what fills up to its bound", false, (minute, index) => 1_000 * (1 - Math.exp(-4 * minute)) + noise(index)],
  ["what grew at the start", false, (minute) => Math.min(minute, 0.5) * 100],
  ["a few more than before", false, (minute) => Math.round(minute)],
  ["a leak", true, (minute) => Math.floor(minute * 200)],
  ["a leak under noise", true, (minute, index) => 1_000 + 200 * minute + 30 * noise(index)],
])("%s grows: %s", (_name, grows, valueAt) => {
  expect(trendOf(samplesOf(valueAt), 10).grows).toBe(grows);
});
