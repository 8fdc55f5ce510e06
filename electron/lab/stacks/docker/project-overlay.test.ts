import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { lastingFolder } from "../../../testing/lasting-folder.ts";
import { changeOverlay, overlayToSave, ownOverlay } from "./project-overlay.ts";

const folder = lastingFolder();
const environment = { RESILIENCE_LAB_HOME: join(folder, "home") };

test("a value is changed, and all else in the file stays, comments included", () => {
  const file = join(folder, "theirs.yaml");
  writeFileSync(
    file,
    `# of the payments team
services:
  billing:
    x-lab: { role: other, probe: { tcp: true } } # until it speaks MCP
  mail:
    x-lab: { role: other, probe: { tcp: true } }
`,
  );
  changeOverlay(file, [
    [["services", "billing", "x-lab"], { role: "agent" }],
    [["x-lab", "links"], [{ name: "a->b", port: 1 }]],
    [["services", "mail"], undefined],
  ]);
  expect(readFileSync(file, "utf8")).toBe(`# of the payments team
services:
  billing:
    x-lab:
      role: agent
x-lab:
  links:
    - name: a->b
      port: 1
`);
});

test("a file that is no map of services is left alone, and named", () => {
  const file = join(folder, "list.yaml");
  writeFileSync(file, "- a list\n");
  expect(() => changeOverlay(file, [[["services", "a", "x-lab"], {}]])).toThrow(`${file}: expected services`);
  expect(readFileSync(file, "utf8")).toBe("- a list\n");
});

test("corrections are saved beside the compose file, and in the data folder where that folder is gone", () => {
  const there = join(folder, "project");
  mkdirSync(there);
  expect(overlayToSave("theirs", there, environment)).toBe(join(there, "resilience-lab.yaml"));
  const own = ownOverlay("theirs", environment);
  expect(overlayToSave("theirs", join(folder, "gone"), environment)).toBe(own);
  changeOverlay(own, [[["services", "a", "x-lab"], { role: "other" }]]);
  expect(own.startsWith(environment.RESILIENCE_LAB_HOME)).toBe(true);
  // It decides from then on, so it is the one to change.
  expect(overlayToSave("theirs", there, environment)).toBe(own);
});
