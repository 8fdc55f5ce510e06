import { expect, it } from "vitest";
import { canonicalJson, digestOf } from "./digest.ts";

it("does not depend on the order of keys, and does on everything else", () => {
  expect(canonicalJson({ b: [1, { d: null, c: "x" }], a: true })).toBe('{"a":true,"b":[1,{"c":"x","d":null}]}');
  expect(digestOf("t", { a: 1, b: 2 })).toBe(digestOf("t", { b: 2, a: 1 }));
  expect(digestOf("t", { a: 1 })).not.toBe(digestOf("t", { a: "1" }));
  expect(digestOf("t", {})).not.toBe(digestOf("u", {}));
});
