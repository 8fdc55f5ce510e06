import { describe, expect, it } from "vitest";
import { argumentsInOneLine, argumentsOf } from "./arguments-of.ts";

describe("what a person approves", () => {
  it("gives arguments one by one", () => {
    expect(argumentsOf({ charge_id: "ch_1", amount: 1200, lines: ["a"] })).toEqual([
      { name: "charge_id", text: "ch_1" },
      { name: "amount", text: "1200" },
      { name: "lines", text: '[\n  "a"\n]' },
    ]);
    expect(argumentsOf("plain")).toEqual([{ name: "", text: "plain" }]);
    expect(argumentsOf(undefined)).toEqual([]);
    expect(argumentsOf(null)).toEqual([{ name: "", text: "null" }]);
  });

  it("keeps markup as text", () => {
    expect(argumentsInOneLine({ note: "<img src=x onerror=alert(1)>" })).toBe("note: <img src=x onerror=alert(1)>");
  });

  it("fits on one line for a list", () => {
    expect(argumentsInOneLine({ note: "two\nlines", deep: { a: 1 } })).toBe('note: two lines, deep: { "a": 1 }');
  });
});
