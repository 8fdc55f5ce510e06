import { expect, test } from "./lab-under-test.ts";
import { ownScenarios } from "./own-scenarios.ts";

/** A valid scenario, for a stack that has other services, links and tools than the reference stack. */
const ELSEWHERE = `id: elsewhere
title: For another stack
patterns: [timeout]
steadyState: [{ service: billing, is: up }]
method:
  - fault: { latency: gateway->billing, by: 100ms, for: 1s }
  - call: issue_invoice
expect: [{ within: 20s }]
`;

test.use({ prepared: ownScenarios({ "elsewhere.yaml": ELSEWHERE }) });

test("the editor names each service, link and tool that the stack lacks, and leads to its line", async ({ window }) => {
  const { page } = window;
  const text = page.getByRole("textbox", { name: "Scenario YAML" });
  const problems = page.getByRole("complementary", { name: "Preview" }).getByRole("status");
  await window.openAddress("#/scenarios/elsewhere");

  await test.step("all of them, with what the stack has", async () => {
    await expect(problems.getByRole("heading")).toHaveText("3 problems on this stack");
    const items = problems.getByRole("listitem");
    await expect(items).toHaveText([
      /^Line 4, column 26 ?the stack has no service called "billing"; it has: .*payments-mcp/,
      /^Line 6, column 23 ?the stack has no link called "gateway->billing"; it has: .*gateway->payments-mcp/,
      /^Line 7, column 11 ?the stack has no tool called "issue_invoice"; it has: .*create_refund/,
    ]);
    await expect(page.locator(".cm-lint-marker-error")).toHaveCount(3);
    // The file itself is valid: its contents are shown too.
    await expect(page.getByRole("heading", { name: "Method" })).toBeVisible();
  });

  await test.step("the line of a problem is one click away, and fixing it removes the problem", async () => {
    await problems.getByRole("button", { name: "Line 7, column 11" }).click();
    await expect(text).toBeFocused();
    await page.keyboard.press("Shift+End");
    await page.keyboard.type("create_refund");
    await expect(problems.getByRole("heading")).toHaveText("2 problems on this stack");
    await expect(problems).not.toContainText("issue_invoice");
  });
});
