import { expect, test } from "vitest";
import { shippedScenarios } from "../../electron/lab/lab.ts";
import { stackProblems, toolsOf } from "../../electron/lab/scenarios/stack-problems.ts";
import { REFERENCE_STACK_FILE } from "../../electron/lab/stacks/reference-stack.ts";
import { loadStack } from "../../electron/lab/stacks/stack-file.ts";
import { temporaryFolder } from "../../electron/testing/temporary-folder.ts";
import { toolNames } from "../../resources/stack/payments-mcp/tools.ts";

test("the reference stack declares the tools that its server has, and every shipped scenario fits it", () => {
  const reference = loadStack(REFERENCE_STACK_FILE, { RESILIENCE_LAB_HOME: temporaryFolder() });
  expect(toolsOf(reference)?.toSorted()).toEqual(toolNames.toSorted());
  expect(shippedScenarios().flatMap((each) => stackProblems([each], reference))).toEqual([]);
});
