import { expect, test } from "vitest";
import { type Box, placeHint } from "./place-hint.ts";

const WINDOW = { width: 1280, height: 800 };
const HINT = { width: 300, height: 50 };
const box = (left: number, top: number, width: number, height = 30): Box => ({
  left,
  top,
  right: left + width,
  bottom: top + height,
});

const sideOf = (...args: Parameters<typeof placeHint>) => placeHint(...args).side;

test("a hint is above its control, and below one at the top of the window", () => {
  expect(sideOf(box(600, 400, 80), HINT, [], WINDOW)).toBe("top");
  expect(sideOf(box(600, 10, 80), HINT, [], WINDOW)).toBe("bottom");
});

test("it leaves other controls uncovered where it can", () => {
  const anchor = box(600, 400, 80);
  const above = box(600, 350, 80);
  const below = box(600, 450, 80);
  expect(sideOf(anchor, HINT, [above], WINDOW)).toBe("bottom");
  expect(sideOf(anchor, HINT, [above, below], WINDOW)).toBe("left");
  expect(sideOf(anchor, HINT, [box(700, 350, 80), box(700, 450, 80)], WINDOW)).toBe("top-end");
  expect(sideOf(anchor, HINT, [box(500, 350, 80), box(500, 450, 80)], WINDOW)).toBe("top-start");
});

test("in a dense toolbar it is beyond the controls beside its own", () => {
  const rows = [0, 1, 2].flatMap((row) => [1_150, 1_180, 1_210].map((left) => box(left, 300 + row * 46, 28, 28)));
  const middle = rows[4] as Box;
  const others = rows.filter((each) => each !== middle);
  expect(placeHint(middle, { width: 280, height: 30 }, others, WINDOW)).toEqual({ side: "left", gapPx: 31 });
});

test("it covers a control of another row rather than one beside its own, or one that is to stay visible", () => {
  const beside = [box(0, 40, 595), box(640, 40, 640)];
  const [above, below] = [box(0, 0, 1_280), box(0, 75, 1_280, 600)];
  const anchor = box(600, 40, 30);
  expect(placeHint(anchor, { width: 200, height: 30 }, [...beside, above, below], WINDOW, [above]).side).toBe("bottom");
});

test("it stays in the window, also beside its edge", () => {
  expect(sideOf(box(1_240, 300, 30), HINT, [], WINDOW)).toBe("top");
  expect(sideOf(box(1_240, 10, 30), HINT, [box(900, 50, 300, 500)], WINDOW)).toBe("left");
});
