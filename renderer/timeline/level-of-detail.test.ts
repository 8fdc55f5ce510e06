import { expect, test } from "vitest";
import { type Tone, toneIndex } from "../../electron/model/tone.ts";
import { Axis, projection, wholeRun } from "./axis.ts";
import { mergeSpans, RECT_FIELDS, spanAt } from "./level-of-detail.ts";
import { SpanColumns } from "./span-columns.ts";

const axis = new Axis(100_000, [], 1);
const whole = projection(axis, wholeRun(axis), 1_000);
const OPEN = Number.POSITIVE_INFINITY;

function columns(spans: readonly [startMs: number, endMs: number, tone?: Tone, row?: number][]): SpanColumns {
  const found = new SpanColumns();
  for (const [index, [startMs, endMs, tone = "step", row = 0]] of spans.entries()) {
    found.add({ startMs, endMs, tone, row, seq: index + 1 });
  }
  return found;
}

/** Of a frame: its cost. */
function rectCount(batches: ReturnType<typeof mergeSpans>): number {
  return [...batches.values()].reduce((count, batch) => count + batch.length / RECT_FIELDS, 0);
}

test("the number of rectangles is bounded by the window, not by the run", () => {
  const many = columns(
    Array.from({ length: 100_000 }, (_, index) => [index, index + 0.5, "allow", index % 6] as const),
  );
  const count = rectCount(mergeSpans(many, whole, 0));
  expect(count).toBeGreaterThan(0);
  expect(count).toBeLessThan(6 * 500);
});

test("an error among thousands of successes is drawn", () => {
  const many = columns(
    Array.from(
      { length: 50_000 },
      (_, index) => [index * 2, index * 2 + 1, index === 31_234 ? "failed" : "allow"] as const,
    ),
  );
  const failed = mergeSpans(many, whole, 0).get(toneIndex("failed"));
  expect(failed).toHaveLength(4);
});

test("adjacent bands stay separate, so that the change between them is visible", () => {
  const bands = mergeSpans(
    columns([
      [0, 30_000],
      [30_000, 60_000],
      [60_000, 100_000],
    ]),
    whole,
    0,
  );
  expect(bands.get(toneIndex("step"))).toHaveLength(3 * 4);
});

test("an open span extends to now", () => {
  const [x, width] = mergeSpans(columns([[10_000, OPEN]]), whole, 60_000).get(toneIndex("step")) ?? [];
  expect([x, width]).toEqual([100, 500]);
});

test("spans out of view are not drawn and hide nothing", () => {
  const near = projection(axis, { startUnit: 40_000, endUnit: 41_000 }, 1_000);
  const batches = mergeSpans(
    columns([
      [0, 1_000],
      [0, 99_000, "fault", 1],
      [40_500, 40_600],
      [90_000, 91_000],
    ]),
    near,
    0,
  );
  expect(rectCount(batches)).toBe(2);
});

test("spans that arrive late are drawn in time order", () => {
  const late = columns([
    [50_000, 51_000],
    [10_000, 11_000],
    [90_000, 91_000],
  ]);
  expect(rectCount(mergeSpans(late, whole, 0))).toBe(3);
});

test("a point finds the narrowest span at or near it, in its row only", () => {
  const spans = columns([
    [0, 100_000],
    [50_000, 50_010],
    [50_000, 50_010, "step", 1],
  ]);
  expect(spanAt(spans, whole, 0, 501, 0)).toBe(1);
  expect(spanAt(spans, whole, 0, 300, 0)).toBe(0);
  expect(spanAt(spans, whole, 1, 300, 0)).toBe(-1);
});
