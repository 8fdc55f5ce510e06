import { describe, expect, test } from "vitest";
import { findingsIn, RULES } from "../.language.ts";

const found = (text: string, path = "electron/lab/stacks/a.ts") => findingsIn(text, path).map((each) => each.found);

/** A line that each rule, in their order, must find. */
const REFUSED = [
  "everything is put back",
  "throw new Error('To mend it, restart')",
  'new LabError("busy", "x", { cure: "wait" })',
  "class StackKeeper {}",
  "const letGo = acquireLock()",
  "the fault aims at a service",
  "another life of the container",
  "const wish = read()",
  "waited in vain",
  '"found up"',
  "broken by hand",
  "what is left over",
  "const LOOK_EVERY_MS = 1",
  "as foreseen",
  "class Outline {}",
  "const standIn = copy",
  "it was put aside",
  "Not begun",
  "A run is on",
  "a check does not hold",
  "No scenario is like that",
  "robbed of a reply",
  "it hit nothing",
  "begins anew",
  "Like the system",
  "windows are told of it",
  "until it gets well",
];

describe("words that must not come back", () => {
  test("each rule has a line here", () => expect(REFUSED).toHaveLength(RULES.length));

  test.each(REFUSED.map((line, at) => [line, at] as const))("%s", (line, at) => {
    const rule = RULES[at] as (typeof RULES)[number];
    expect(found(line), String(rule.not)).not.toEqual([]);
    expect(line).toMatch(rule.not);
  });

  test.each([
    "a secure connection, its placeholder and the claim of a container",
    "the life cycle of a run; the container lives on",
    "outline: none; they come back; look it up; set it back",
    "telling them apart",
  ])("are not in: %s", (line) => expect(found(line)).toEqual([]));

  test("are found in a template, a JSX text and a comment, with their line", () => {
    const text = ["// mended", "const a = `is put back`;", "<b>Not begun</b>"].join("\n");
    expect(findingsIn(text, "renderer/a.tsx").map(({ line }) => line)).toEqual([1, 2, 3]);
  });
});
