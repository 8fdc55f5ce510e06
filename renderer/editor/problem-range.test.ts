import { Text } from "@codemirror/state";
import { describe, expect, it } from "vitest";
import { rangeOf } from "./problem-range.ts";

const text = Text.of(["id: a", "method:", "  - wram: gateway", ""]);
const marked = (line: number, column: number) => {
  const { from, to } = rangeOf(text, { line, column });
  return text.sliceString(from, to);
};

describe("the range marked for a problem", () => {
  it("marks the rest of the line", () => {
    expect(marked(3, 5)).toBe("wram: gateway");
    expect(marked(1, 1)).toBe("id: a");
    expect(marked(3, 1)).toBe("- wram: gateway");
  });

  it("marks the line's text when the position is at its end", () => {
    expect(marked(3, 18)).toBe("  - wram: gateway".trim());
    expect(marked(2, 99)).toBe("method:");
  });

  it("stays within a text that has become shorter", () => {
    expect(marked(40, 7)).toBe("");
    expect(marked(0, 0)).toBe("id: a");
  });
});
