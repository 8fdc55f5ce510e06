import { expect, test } from "vitest";
import { lineThrough, trendOf } from "./trend.ts";

/** Deterministic noise between -1 and 1. */
const noise = (index: number) => Math.sin(index * 12.9898) * Math.cos(index * 78.233);
const samplesOf = (valueAt: (thousand: number, index: number) => number) =>
  Array.from({ length: 120 }, (_, index) => ({ at: (index * 1_000) / 60, value: valueAt(index / 60, index) }));

test("finds the slope for a thousand requests within its interval", () => {
  const { slope, margin } = lineThrough(samplesOf((thousand, index) => 7 + 30 * thousand + noise(index)));
  expect(Math.abs(slope - 30)).toBeLessThan(margin);
  expect(margin).toBeLessThan(1);
});

test.each<[string, boolean, (thousand: number, index: number) => number]>([
  ["a constant", false, () => 5],
  ["noise", false, (_thousand, index) => 100 + 20 * noise(index)],
  ["what fills up to its bound", false, (thousand, index) => 1_000 * (1 - Math.exp(-4 * thousand)) + noise(index)],
  ["what grew at the start", false, (thousand) => Math.min(thousand, 0.5) * 100],
  ["a few more than before", false, (thousand) => Math.round(thousand)],
  ["a leak", true, (thousand) => Math.floor(thousand * 200)],
  ["a leak under noise", true, (thousand, index) => 1_000 + 200 * thousand + 30 * noise(index)],
])("%s grows: %s", (_name, grows, valueAt) => {
  expect(trendOf(samplesOf(valueAt), 10).grows).toBe(grows);
});
