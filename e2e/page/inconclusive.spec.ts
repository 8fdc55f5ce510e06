import { expect } from "./lab-under-test.ts";
import { ownScenarios } from "./own-scenarios.ts";
import { testOnRecordedLab as test } from "./shared-labs.ts";

const TITLE = "A call that nobody could see";

test.use({
  prepared: ownScenarios({
    "unseen.yaml": `id: unseen
title: ${TITLE}
patterns: []
steadyState:
  - { service: gateway, is: up }
method:
  - fault: { stop: audit-db }
  - call: list_recent_charges
expect:
  - decisions: []
  - within: 5m
`,
  }),
});

test("a run with an inconclusive check is neither green nor failed, wherever its outcome is shown", async ({
  window,
}) => {
  const { page, run } = window;
  await window.runToEnd(TITLE, "Inconclusive");

  await test.step("in its checks, with the reason", async () => {
    await run.tab("Checks");
    const check = page.getByRole("row", { name: /decisions/ });
    await expect(check.getByRole("img", { name: "inconclusive" })).toBeVisible();
    await expect(check).toContainText("the audit log cannot be read");
    await check.getByRole("button", { name: "decisions" }).click();
    await expect(run.inspector).toContainText("inconclusive");
    await expect(run.inspector).toContainText("the audit log cannot be read");
  });

  await test.step("in presenter mode", async () => {
    await page.keyboard.press("p");
    await expect(run.header.getByText("Inconclusive", { exact: true })).toBeVisible();
    await page.keyboard.press("p");
  });

  await test.step("on its scenario's card", async () => {
    await window.goTo("Lab");
    await expect(window.card(TITLE).getByRole("img", { name: /^Inconclusive/ })).toBeVisible();
  });

  await test.step("in the history and its filter", async () => {
    await window.goTo("History");
    const row = page.getByRole("row").filter({ hasText: TITLE });
    await expect(row).toContainText("Inconclusive");
    const filter = page.getByRole("combobox", { name: "Filter by outcome" });
    await filter.click();
    await page.getByRole("option", { name: "Passed" }).click();
    await expect(row).toBeHidden();
    await filter.click();
    await page.getByRole("option", { name: "Inconclusive" }).click();
    await expect(row).toBeVisible();
  });
});
