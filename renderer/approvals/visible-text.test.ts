import { describe, expect, it } from "vitest";
import { argumentsInOneLine, argumentsOf, visibleText } from "./visible-text.ts";

describe("the arguments shown for approval", () => {
  it("writes out characters that hide or reorder text", () => {
    expect(visibleText("to alice\u202Egnp.exe\u200B")).toBe("to alice⟨U+202E⟩gnp.exe⟨U+200B⟩");
    expect(visibleText("a\u0000b\u001B[31m")).toBe("a⟨U+0000⟩b⟨U+001B⟩[31m");
  });

  it("keeps ordinary text of any script and its lines", () => {
    expect(visibleText("Grüße,\n\tالعربية 日本")).toBe("Grüße,\n\tالعربية 日本");
  });

  it("lists arguments one by one", () => {
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
