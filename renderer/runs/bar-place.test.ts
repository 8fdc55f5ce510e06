import { expect, test } from "vitest";
import { placeBar } from "./bar-place.ts";

/** A plot of 400 px in which a millisecond is a pixel. */
const scale = { toPx: (ms: number) => ms, widthPx: 400 };
const place = (start: number, end: number, characters = 10) => placeBar({ start, end }, scale, characters);

test("what is said of a bar stands after it, before it where it ends at the right, and over it where it fills the plot", () => {
  expect(place(10, 60)).toEqual({ leftPx: 10, widthPx: 50, words: { at: "after" } });
  expect(place(300, 390)).toEqual({ leftPx: 300, widthPx: 90, words: { at: "before", style: { right: 106 } } });
  expect(place(0, 400)).toEqual({ leftPx: 0, widthPx: 400, words: { at: "over", style: { left: 6 } } });
});

test("a bar is cut at the ends of the plot, is seen however short it is, and not at all outside", () => {
  expect(place(-1_000, 20)).toMatchObject({ leftPx: 0, widthPx: 20 });
  expect(place(350, 1_000_000)).toMatchObject({ leftPx: 350, widthPx: 50 });
  expect(place(100, 100)).toMatchObject({ leftPx: 100, widthPx: 2 });
  expect(place(400, 400)).toMatchObject({ leftPx: 398, widthPx: 2 });
  expect([place(-20, -10), place(500, 600)]).toEqual([undefined, undefined]);
});
