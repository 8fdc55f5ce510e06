import { expect, test } from "./lab-under-test.ts";
import { ownScenarios } from "./own-scenarios.ts";

/** A refund that waits for approval in the window. */
const waiting = (id: string, decision: "approved" | "denied") => `id: ${id}
title: A refund that is ${decision} here
patterns: [human in the loop]
steadyState:
  - { service: gateway, is: up }
method:
  - warm: gateway
  - agent: List my recent charges, then refund the first non-refunded charge in full, reason requested_by_customer.
expect:
  - decisions: [list_recent_charges allow, create_refund approvalRequired, create_refund ${decision}]
`;

test.use({
  prepared: ownScenarios({
    "approve-here.yaml": waiting("approve-here", "approved"),
    "deny-here.yaml": waiting("deny-here", "denied"),
  }),
});

test("one call is approved and another denied in the window", async ({ window }) => {
  const { page, run } = window;

  await test.step("approve on the Approvals page", async () => {
    await window.start("A refund that is approved here");
    await expect(page.getByRole("link", { name: /Approvals.*1 waiting/ })).toBeVisible();
    await window.goTo("Approvals");
    const card = page.getByTestId("approval-card");
    await expect(card).toContainText("requested_by_customer");
    await expect(card.getByRole("timer")).toContainText("s left");
    await card.getByRole("button", { name: "Approve create_refund" }).click();
    await expect(card).toBeHidden();
    await window.nothingRuns();
    await expect(page.getByRole("row").filter({ hasText: "A refund that is approved here" })).toContainText("approved");
  });

  await test.step("deny on the Run page", async () => {
    await window.start("A refund that is denied here");
    await page.getByTestId("approval-card").getByRole("button", { name: "Deny create_refund" }).click();
    await run.hasEnded("Passed");
    await run.tab("Tool calls");
    await page.getByRole("button", { name: /create_refund/ }).click();
    await expect(run.inspector).toContainText("denied");
  });
});
