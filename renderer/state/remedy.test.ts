import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { REMEDIES, remedyOf } from "./remedy.ts";

test.each([
  ["open the stack on Docker, on the Stacks page", "Choose Docker"],
  ["wait for it, or open another stack on the Stacks page", "Open Stacks"],
  ['turn "Keep runs raw" off in the settings, run the scenario again and export that run', "Open Settings"],
  ["the stack is not up. Fix: bring it up first.", "Bring up the stack"],
])("a hint that the window can carry out has a button that does: %s", (text, label) => {
  expect(remedyOf(text)?.label).toBe(label);
});

test("others have none", () => {
  expect(remedyOf("make space on that disk")).toBeUndefined();
});

test("each is of a hint that the lab gives", () => {
  const folder = join(import.meta.dirname, "../../electron/lab");
  const texts = globSync("**/*.ts", { cwd: folder })
    .filter((file) => !file.endsWith(".test.ts"))
    .map((file) => readFileSync(join(folder, file), "utf8"));
  const unused = REMEDIES.filter(([hint]) => !texts.some((text) => hint.test(text)));
  expect(unused.map(([hint]) => hint.source)).toEqual([]);
});
