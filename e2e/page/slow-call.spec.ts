import { expect } from "./lab-under-test.ts";
import { ownScenarios } from "./own-scenarios.ts";
import { testOnRecordedLab as test } from "./shared-labs.ts";

const TITLE = "A call over a slow link";

test.use({
  prepared: ownScenarios({
    "slow-call.yaml": `id: slow-call
title: ${TITLE}
patterns: []
steadyState:
  - { service: gateway, is: up }
method:
  - warm: gateway
  - fault: { latency: gateway->payments-mcp, by: 800ms }
  - agent: Show me my recent charges.
expect:
  - decisions: [list_recent_charges allow]
`,
  }),
});

test("a call over a slow link goes on when it was allowed, and lasts to its reply", async ({ window }) => {
  const { page, run } = window;
  await window.runToEnd(TITLE, "Passed");
  await run.tab("Tool calls");
  const call = page.getByRole("region", { name: "Tool calls" }).getByRole("button", { name: /list_recent_charges/ });

  await test.step("at the moment of its decision it has not ended", async () => {
    await call.click();
    await expect(run.moment).toContainText("At");
    await expect(call).toContainText(/\d (ms|s)…$/);
  });

  await test.step("at the end it has lasted for at least as long as the link was slow", async () => {
    await page.keyboard.press("f");
    await expect(call).not.toContainText("…");
    const [, number = "", unit = ""] = /([\d.]+) (ms|s)$/.exec(await call.innerText()) ?? [];
    expect(Number(number) * (unit === "s" ? 1_000 : 1)).toBeGreaterThanOrEqual(800);
    await expect(run.inspector).toContainText("Endedok");
  });

  await test.step("the call on the link is in the list of events, with the fault that it met", async () => {
    await run.tab("Events");
    await page.getByRole("textbox", { name: "Search the events" }).fill('"link":"gateway->payments-mcp","http"');
    await page.getByRole("button", { name: /gateway->payments-mcp list_recent_charges/ }).click();
    await expect(run.inspector).toContainText("Linkgateway->payments-mcp");
    await expect(run.inspector).toContainText("Endedok");
    await run.inspector.getByRole("button", { name: "latency gateway->payments-mcp" }).click();
    await expect(run.inspector).toContainText("Requests affected");
  });

  await test.step("the waterfall names the fault, on the axis of the timeline", async () => {
    await page.keyboard.press("f");
    await run.tab("Waterfall");
    const rows = page.getByRole("region", { name: "Waterfall" });
    const agent = rows.getByRole("button", { name: /^agent: "Show me my recent charges\.", lab: / });
    const slow = rows.getByRole("button", {
      name: /^list_recent_charges, gateway->payments-mcp: .* met latency gateway->payments-mcp/,
    });
    // How many calls the steps before it led to depends on the machine.
    await page.getByRole("button", { name: "Collapse all" }).click();
    await expect(agent).toHaveAccessibleName(/on the critical path/);
    await agent.press("ArrowRight");
    await expect(rows.getByRole("button", { name: /^Collapse agent/ })).toBeVisible();
    await agent.press("ArrowLeft");
    await expect(rows.getByRole("button", { name: /^Expand agent/ })).toBeVisible();
    await page.getByRole("textbox", { name: "Search names" }).fill("latency");
    // Only the rows in view, and a few beside them, are there.
    await rows.press("End");
    await expect(slow).toBeVisible();
    await expect(rows.getByRole("button", { name: /^warm gateway/ })).toHaveCount(0);
    // By its focus: the rows may still move.
    await slow.press("Enter");
    await expect(run.inspector).toContainText("Linkgateway->payments-mcp");
  });
});
