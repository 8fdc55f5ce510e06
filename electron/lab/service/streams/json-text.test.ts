import { expect, test } from "vitest";
import { fillIn, JsonText } from "./json-text.ts";

test("what is read is the value that the text stands for, wherever it is", () => {
  const written = JSON.stringify({ a: new JsonText('{"x":"$& \\" \\u2028"}'), b: [1, new JsonText("[2,3]")] });
  expect(JSON.parse(fillIn(written))).toEqual({ a: { x: '$& " \u2028' }, b: [1, [2, 3]] });
});

test("texts of two messages that are written before either is sent do not get mixed up", () => {
  const first = JSON.stringify(new JsonText("1"));
  const second = JSON.stringify(new JsonText("2"));
  expect([fillIn(second), fillIn(first)]).toEqual(["2", "1"]);
});

test("what only looks like a mark stays as it is", () => {
  const written = JSON.stringify({ line: "0f0f0f0f-1111-4222-8333-444444444444:1", text: new JsonText("null") });
  expect(JSON.parse(fillIn(written))).toEqual({ line: "0f0f0f0f-1111-4222-8333-444444444444:1", text: null });
});
