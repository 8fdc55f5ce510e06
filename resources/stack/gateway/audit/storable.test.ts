import { expect, it } from "vitest";
import { storableJson, storableText } from "./storable.ts";

it("removes only what Postgres cannot store", () => {
  expect(storableJson({ a: "x\0y", "k\0": ["\ud800", "\u{1f600}"] })).toBe(
    '{"a":"x\ufffdy","k\ufffd":["\ufffd","😀"]}',
  );
  expect(storableJson({ a: "\\u0000" })).toBe('{"a":"\\\\u0000"}');
  expect(storableJson(undefined)).toBe("null");
  expect(storableText("a\0b\udc00")).toBe("a\ufffdb\ufffd");
});
