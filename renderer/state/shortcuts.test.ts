import { expect, test } from "vitest";
import { keyCaps, LAB_SHORTCUTS, SHORTCUTS, shortcutFor, TIMELINE_KEYS } from "./shortcuts.ts";

const press = (key: string, parts: Partial<{ mod: boolean; shift: boolean; alt: boolean }> = {}) => ({
  key,
  mod: false,
  shift: false,
  alt: false,
  ...parts,
});

test("keys act as in the table", () => {
  expect(shortcutFor(press("k", { mod: true }), undefined)).toBe("palette");
  expect(shortcutFor(press("n"), undefined)).toBe("next-error");
  expect(shortcutFor(press("N", { shift: true }), undefined)).toBe("previous-error");
  expect(shortcutFor(press("Z", { mod: true, shift: true }), undefined)).toBe("undo-all");
  expect(shortcutFor(press("h"), "g")).toBe("go-history");
});

test("a symbol is the same key with or without Shift", () => {
  expect(shortcutFor(press("?", { shift: true }), undefined)).toBe("help");
  expect(shortcutFor(press("?"), undefined)).toBe("help");
});

test("other keys, and keys with additional modifiers, do nothing", () => {
  expect(shortcutFor(press("h"), undefined)).toBeUndefined();
  expect(shortcutFor(press("n", { mod: true }), undefined)).toBeUndefined();
  expect(shortcutFor(press("p", { alt: true }), undefined)).toBeUndefined();
});

test("no two shortcuts have the same keys", () => {
  const keys = SHORTCUTS.map((shortcut) => shortcut.keys);
  expect(new Set(keys).size).toBe(keys.length);
});

test("the help of a page without a lab offers none of the lab's pages", () => {
  for (const { id } of SHORTCUTS.filter((shortcut) => shortcut.id.startsWith("go-")))
    expect(LAB_SHORTCUTS).toContain(id);
});

test("every key of the tables has a key cap", () => {
  for (const { keys } of [...SHORTCUTS, ...TIMELINE_KEYS]) {
    for (const cap of keyCaps(keys, false)) expect(cap).toMatch(/^\S+$/);
    expect(keyCaps(keys, false)).not.toContain("undefined");
  }
  expect(keyCaps("mod+k", true)).toEqual(["⌘", "K"]);
});
