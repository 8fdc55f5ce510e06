import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../../testing/temporary-folder.ts";
import { loadFile } from "../scenarios/load.ts";
import { readScenarios, writeScenario } from "./written-scenario.ts";

const METHOD = "method: [{ probe: gateway, is: up }]\nexpect: [{ service: gateway, is: up }]\n";

test("a scenario in the queue has no secrets, and is run with them from its file; not when that has changed", () => {
  const file = join(temporaryFolder(), "refund.yaml");
  writeFileSync(
    file,
    `id: refund\ntitle: Refund to jane.doe@example.com\npatterns: []\nsteadyState: [{ service: gateway, is: up }]\n${METHOD}`,
  );
  const [loaded] = loadFile(file);
  if (loaded === undefined) throw new Error("not loaded");
  const written = writeScenario(loaded);
  expect(JSON.stringify(written)).not.toContain("jane.doe@example.com");
  expect(readScenarios(written)).toEqual([loaded]);
  writeFileSync(file, loaded.source.replace("Refund", "Another refund"));
  expect(() => readScenarios(written)).toThrow("refund.yaml has changed since the run was submitted");
});

test("one case of a suite is itself again, asked of the agent that was named", () => {
  const file = join(temporaryFolder(), "suite.yaml");
  writeFileSync(file, "cases:\n  - { name: One, input: Hi. }\n  - { name: Two, input: Bye. }\n");
  const [, second] = loadFile(file);
  if (second === undefined) throw new Error("not loaded");
  const [read] = readScenarios(writeScenario(second, "http://127.0.0.1:9/ask"));
  expect(read?.scenario).toMatchObject({
    id: "suite-two",
    method: [{ agent: "Bye.", at: { url: "http://127.0.0.1:9/ask" } }],
  });
});
