import { describe, expect, test } from "vitest";
import { hasFields } from "./fields.ts";

describe("the fields that a reply must have", () => {
  test.each([
    [{ a: 1, b: 2 }, { a: 1 }, true],
    [{ a: { b: 1, c: 2 } }, { a: { b: 1 } }, true],
    [{ a: { b: 1 } }, { a: { b: 1, c: 2 } }, false],
    [{ a: [1, 2] }, { a: [1] }, false],
    [{ a: [1, { b: 2 }] }, { a: [1, { b: 2 }] }, true],
    [{ a: null }, { a: null }, true],
    [{}, { a: null }, false],
    [null, { a: 1 }, false],
    ["text", { a: 1 }, false],
    [[], {}, false],
    [{ a: 1 }, {}, true],
    [{ a: 0 }, { a: false }, false],
  ])("%j has %j: %s", (reply, wanted, holds) => {
    expect(hasFields(reply, wanted)).toBe(holds);
  });
});
