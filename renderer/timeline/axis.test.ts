import { describe, expect, test } from "vitest";
import { Axis, around, pan, projection, stretchOf, viewportOf, wholeRun, zoom } from "./axis.ts";
import { gapUnits, idleGaps } from "./idle-gaps.ts";
import { ticks } from "./ticks.ts";

const waiting = [0, 100, 230, 15_200, 15_500];
const gaps = idleGaps(waiting, 15_500);
const collapsed = new Axis(15_500, gaps, gapUnits(gaps, 15_500));

test("a long wait is collapsed and the time around it is not", () => {
  expect(gaps).toHaveLength(1);
  expect(collapsed.endUnit).toBeLessThan(2_000);
  expect(collapsed.toUnit(230)).toBe(230);
});

test("a run without idle time is drawn unchanged", () => {
  const busy = Array.from({ length: 200 }, (_, index) => index * 100);
  expect(idleGaps(busy, 20_000)).toEqual([]);
});

test.each([collapsed, new Axis(15_500, [], 1)])("every time is mapped to a position and back", (axis) => {
  const scale = projection(axis, wholeRun(axis), 900);
  for (let ms = 0; ms <= 15_500; ms += 7.3) expect(scale.toMs(scale.toPx(ms))).toBeCloseTo(ms, 6);
  expect(scale.toPx(0)).toBe(0);
  expect(scale.toPx(15_500)).toBeCloseTo(900, 6);
});

test("the zoomed period stays the same when idle time is collapsed and shown again", () => {
  const plain = new Axis(15_500, [], 1);
  for (const [from, to] of [
    [plain, collapsed],
    [collapsed, plain],
  ] as const) {
    const zoomed = around(15_250, 15_450, from);
    const scale = projection(to, viewportOf(stretchOf(zoomed, from), to), 900);
    expect(scale.toMs(0)).toBeCloseTo(from.toMs(zoomed.startUnit), 6);
    expect(scale.toMs(900)).toBeCloseTo(from.toMs(zoomed.endUnit), 6);
  }
});

test("later is always further right", () => {
  const scale = projection(collapsed, wholeRun(collapsed), 900);
  let last = -1;
  for (let ms = 0; ms <= 15_500; ms += 50) {
    expect(scale.toPx(ms)).toBeGreaterThan(last);
    last = scale.toPx(ms);
  }
});

describe("a viewport", () => {
  const axis = new Axis(1_000, [], 1);
  test("zooms around the pointer", () => {
    const before = wholeRun(axis);
    const after = zoom(before, 0.5, 300, axis);
    const place = (viewport: typeof before) => (300 - viewport.startUnit) / (viewport.endUnit - viewport.startUnit);
    expect(place(after)).toBeCloseTo(place(before), 9);
    expect(after.endUnit - after.startUnit).toBe(500);
  });

  test("never leaves the run", () => {
    let viewport = wholeRun(axis);
    for (const [factor, anchor, shift] of [
      [0.1, 990, 400],
      [0.5, 0, -900],
      [30, 500, 10],
      [1e-9, 20, 1e9],
    ] as const) {
      viewport = pan(zoom(viewport, factor, anchor, axis), shift, axis);
      expect(viewport.startUnit).toBeGreaterThanOrEqual(0);
      expect(viewport.endUnit).toBeLessThanOrEqual(1_000);
      expect(viewport.endUnit).toBeGreaterThan(viewport.startUnit);
    }
  });

  test("shows a period dragged in either direction", () => {
    expect(around(200, 400, axis)).toEqual(around(400, 200, axis));
    expect(around(200, 400, axis).startUnit).toBeLessThan(200);
  });
});

/** Width of a drawn "0.4 s". */
const LABEL_PX = 30;

test("ticks are at round times, do not overlap, and none is in or overlaps a collapsed gap", () => {
  const closer = Array.from({ length: 40 }, (_, place) => ({ startUnit: 5 * place, endUnit: 360 + 7 * place }));
  for (const viewport of [wholeRun(collapsed), ...closer, { startUnit: 100, endUnit: 101 }]) {
    const scale = projection(collapsed, viewport, 900);
    const marks = ticks(collapsed, viewport, scale);
    expect(marks.length).toBeGreaterThan(1);
    for (const [place, mark] of marks.entries()) {
      const next = marks[place + 1];
      if (next !== undefined) expect(next.px - mark.px).toBeGreaterThan(50);
      for (const { startMs, endMs } of gaps) {
        const isBefore = mark.px + LABEL_PX <= scale.toPx(startMs);
        expect(isBefore || mark.ms >= endMs - 1e-6, `${mark.label} against ${startMs} ms`).toBe(true);
      }
    }
  }
});
