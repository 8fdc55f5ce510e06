import { expect, test } from "vitest";
import { shippedScenarios } from "../../electron/lab/scenarios/shipped.ts";
import { stackProblems, toolsOf } from "../../electron/lab/scenarios/stack-problems.ts";
import { REFERENCE_STACK_FILE } from "../../electron/lab/stacks/reference-stack.ts";
import { loadStack } from "../../electron/lab/stacks/stack-file.ts";
import { temporaryFolder } from "../../electron/testing/temporary-folder.ts";
import { draftReplyTool } from "../../resources/stack/drafts-mcp/tools.ts";
import { toolNames as paymentTools } from "../../resources/stack/payments-mcp/tools.ts";
import { toolNames as supportTools } from "../../resources/stack/support-mcp/tools.ts";

test("the reference stack declares the tools that its servers have, and every shipped scenario fits it", () => {
  const reference = loadStack(REFERENCE_STACK_FILE, { RESILIENCE_LAB_HOME: temporaryFolder() });
  expect(toolsOf(reference)?.toSorted()).toEqual(
    [...new Set<string>([...paymentTools, ...supportTools, "find_tool", "call_tool", draftReplyTool.name])].toSorted(),
  );
  expect(shippedScenarios().flatMap((each) => stackProblems([each], reference))).toEqual([]);
});
