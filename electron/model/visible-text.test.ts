import { expect, test } from "vitest";
import { visibleLine, visibleText } from "./visible-text.ts";

test("what would hide or reorder the text is written out", () => {
  expect(visibleText("to alice\u202Egnp.exe\u200B")).toBe("to alice⟨U+202E⟩gnp.exe⟨U+200B⟩");
  expect(visibleText("a\u0000b\u001B[31m")).toBe("a⟨U+0000⟩b⟨U+001B⟩[31m");
  expect(visibleText("half \ud83d of one")).toBe("half ⟨U+D83D⟩ of one");
});

test("ordinary text of any script stays as it is, with its lines", () => {
  expect(visibleText("Grüße,\n\tالعربية 日本 😀")).toBe("Grüße,\n\tالعربية 日本 😀");
});

test("a line has no line ends, and keeps the joiners of emoji and scripts", () => {
  expect(visibleLine("one\r\ntwo\u2028three")).toBe("one two three");
  expect(visibleLine("👩\u200d💻 می\u200cروم")).toBe("👩\u200d💻 می\u200cروم");
  expect(visibleLine("\u001b]0;owned\u0007\u009b\u2066x\u2069")).toBe(
    "⟨U+001B⟩]0;owned⟨U+0007⟩⟨U+009B⟩⟨U+2066⟩x⟨U+2069⟩",
  );
});
