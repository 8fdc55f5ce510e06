import { expect, test } from "vitest";
import { JsonTexts } from "./json-texts.ts";

test("what is read is the value that the text stands for, wherever it is", () => {
  const texts = new JsonTexts();
  const written = JSON.stringify({ a: texts.asValue('{"x":"$& \\" \\u2028"}'), b: [1, texts.asValue("[2,3]")] });
  expect(JSON.parse(texts.fillIn(written))).toEqual({ a: { x: '$& " \u2028' }, b: [1, [2, 3]] });
});

test("texts of two messages that are written before either is sent do not get mixed up", () => {
  const texts = new JsonTexts();
  const first = JSON.stringify(texts.asValue("1"));
  const second = JSON.stringify(texts.asValue("2"));
  expect([texts.fillIn(second), texts.fillIn(first)]).toEqual(["2", "1"]);
});

test("texts of one window are not filled in for another", () => {
  const [ours, other] = [new JsonTexts(), new JsonTexts()];
  const written = JSON.stringify([ours.asValue('"ours"')]);
  JSON.stringify(other.asValue('"theirs"'));
  expect(other.fillIn(written)).toBe(written);
  expect(ours.fillIn(written)).toBe('["ours"]');
});

test("what only looks like a mark stays as it is", () => {
  const texts = new JsonTexts();
  const written = JSON.stringify({ line: "0f0f0f0f-1111-4222-8333-444444444444:1", text: texts.asValue("null") });
  expect(JSON.parse(texts.fillIn(written))).toEqual({ line: "0f0f0f0f-1111-4222-8333-444444444444:1", text: null });
});
