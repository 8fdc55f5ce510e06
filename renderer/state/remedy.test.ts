import { expect, test } from "vitest";
import { remedyOf } from "./remedy.ts";

test.each([
  ["open the stack on Docker, on the Stacks page", "Choose Docker"],
  ["wait for it, or open another stack on the Stacks page", "Open Stacks"],
  ['turn "Keep runs raw" off in the settings, run the scenario again and export that run', "Open Settings"],
])("a hint that names a page has a button that opens it: %s", (hint, label) => {
  expect(remedyOf(hint)?.label).toBe(label);
});

test("others have none", () => {
  expect(remedyOf("make space on that disk")).toBeUndefined();
  expect(remedyOf(null)).toBeUndefined();
});
