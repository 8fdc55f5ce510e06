import { expect } from "./lab-under-test.ts";
import { ownScenarios } from "./own-scenarios.ts";
import { testOnRecordedLab as test } from "./shared-labs.ts";

const TITLE = "A call that every service reports";

test.use({
  prepared: ownScenarios({
    "reported-by-all.yaml": `id: reported-by-all
title: ${TITLE}
patterns: []
steadyState:
  - { service: gateway, is: up }
method:
  - agent: Show me my recent charges.
expect:
  - decisions: [list_recent_charges allow]
`,
  }),
});

test("a call is one tree of the spans that agent, gateway and server sent, and leads to its trace and back", async ({
  window,
}) => {
  const { page, run } = window;
  await window.runToEnd(TITLE, "Passed");

  await test.step("from the call to its trace", async () => {
    await run.tab("Tool calls");
    await page
      .getByRole("region", { name: "Tool calls" })
      .getByRole("button", { name: /list_recent_charges/ })
      .click();
    await run.inspector.getByTitle("Show this trace in the waterfall").click();
    await expect(page.getByRole("tab", { name: "Waterfall" })).toHaveAttribute("aria-selected", "true");
  });

  const rows = page.getByRole("region", { name: "Waterfall" });
  const server = rows.getByRole("button", { name: /^tools\/call list_recent_charges, payments-mcp: / });

  await test.step("all of it is below the agent's step", async () => {
    await expect(server).toBeVisible();
    const names = await rows
      .getByRole("button", { name: /, (lab|agent|gateway|payments-mcp|\S+->\S+): / })
      .allInnerTexts();
    const from = names.indexOf("tools/call list_recent_charges");
    expect(names.slice(from)).toEqual([
      // By the agent, on its link, at the gateway, to the server, on that link, and at the server.
      "tools/call list_recent_charges",
      "list_recent_charges",
      "list_recent_charges",
      "tools/call list_recent_charges",
      "list_recent_charges",
      "tools/call list_recent_charges",
    ]);
    expect(names.slice(0, 2)).toEqual(['agent: "Show me my recent charges."', "invoke_agent resilience-lab-agent"]);
  });

  await test.step("a span has its attributes, which can be searched", async () => {
    await server.click();
    await expect(run.inspector).toContainText("Servicepayments-mcp");
    await run.inspector.getByRole("textbox", { name: "Search the attributes" }).fill("tool.name");
    await expect(run.inspector).toContainText("gen_ai.tool.namelist_recent_charges");
    await expect(run.inspector).not.toContainText("network.transport");
  });

  await test.step("and back to the call", async () => {
    await rows.getByRole("button", { name: /^list_recent_charges, gateway: / }).click();
    await expect(run.inspector).toContainText("Decisions");
    await expect(run.inspector).toContainText("Span of gateway");
  });
});
