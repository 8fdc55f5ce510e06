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

test("a hint is above its control, and below one at the top of the window", () => {
  expect(placeHint(box(600, 400, 80), HINT, [], WINDOW)).toBe("top");
  expect(placeHint(box(600, 10, 80), HINT, [], WINDOW)).toBe("bottom");
});

test("it leaves other controls uncovered where it can", () => {
  const anchor = box(600, 400, 80);
  const above = box(600, 350, 80);
  const below = box(600, 450, 80);
  expect(placeHint(anchor, HINT, [above], WINDOW)).toBe("bottom");
  expect(placeHint(anchor, HINT, [above, below], WINDOW)).toBe("left");
  expect(placeHint(anchor, HINT, [box(700, 350, 80), box(700, 450, 80)], WINDOW)).toBe("top-end");
  expect(placeHint(anchor, HINT, [box(500, 350, 80), box(500, 450, 80)], WINDOW)).toBe("top-start");
});

test("in a dense toolbar it covers as little as possible", () => {
  const row = [box(560, 400, 30), box(640, 400, 30)];
  const halfway = box(600, 368, 30, 10);
  expect(placeHint(box(600, 400, 30), HINT, [...row, halfway, box(600, 440, 30)], WINDOW)).toBe("top");
});

test("it stays in the window, also beside its edge", () => {
  expect(placeHint(box(1_240, 300, 30), HINT, [], WINDOW)).toBe("top");
  expect(placeHint(box(1_240, 10, 30), HINT, [box(900, 50, 300)], WINDOW)).toBe("left");
});
