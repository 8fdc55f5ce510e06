import { expect, test } from "./lab-under-test.ts";
import { testOnRecordedLab } from "./shared-labs.ts";

const CRASH = "The MCP server crashes and the tool stays visible";
const STORM = "A retrying client runs into its budget";
const TIMEOUT = "An approval expires while Slack is down";

test("a new user runs the demo and reads the result", async ({ window }) => {
  const { page, run } = window;
  const strip = page.getByRole("region", { name: "Runs started together" });

  await test.step("an empty lab offers the demo with its steps", async () => {
    await expect(page.getByRole("button", { name: "Run the demo" })).toBeVisible();
    for (const title of [CRASH, STORM, TIMEOUT])
      await expect(page.getByRole("listitem").filter({ hasText: title })).toBeVisible();
  });

  await test.step("a scenario's faults and how they are undone are shown before it runs", async () => {
    const card = window.card(CRASH);
    await card.getByRole("button", { name: `Steps of ${CRASH}` }).click();
    const broken = card.getByRole("list").filter({ hasText: "fault: stop payments-mcp" }).last();
    await expect(card.getByText("Faults and how they are undone")).toBeVisible();
    await expect(broken).toContainText("at the latest");
    await card.getByRole("button", { name: `Steps of ${CRASH}` }).click();
  });

  await test.step("one click shows the run as it happens", async () => {
    await page.getByRole("button", { name: "Run the demo" }).click();
    await run.isShown(CRASH);
    await expect(strip).toContainText("1 of 3");
  });

  await test.step("and then each of the next, with the verdicts so far; a waiting call is shown on every page", async () => {
    await run.isShown(TIMEOUT);
    await expect(strip).toContainText("3 of 3");
    await expect(strip).toContainText("2 passed");
    await expect(strip).toContainText("Before: Payments is down: 5 calls failed, the 6th was refused by the budget");
    await expect(page.getByRole("link", { name: /Approvals.*1 waiting/ })).toBeVisible();
    await expect(page.getByTestId("approval-card")).toContainText("create_refund");
    await expect(run.health("mock-slack")).toHaveAttribute("data-status", "down");
    await run.hasEnded("Passed");
    await expect(run.health("mock-slack")).toHaveAttribute("data-status", "up");
    await expect(strip).toContainText("3 passed");
  });

  await test.step("an earlier one is shown again from there, with what happened in it", async () => {
    await strip.getByRole("link", { name: `Passed: ${CRASH}` }).click();
    await run.isShown(CRASH);
    await expect(run.header).toContainText("Payments is down: list_recent_charges failed");
    await run.tab("Tool calls");
    await expect(page.getByText("upstream_error").first()).toBeVisible();
  });

  await test.step("the third run has its result, and everything is restored", async () => {
    await window.nothingRuns();
    await window.goTo("Lab");
    await window
      .card(STORM)
      .getByRole("link", { name: /^Passed/ })
      .click();
    await run.isShown(STORM);
    await run.tab("Tool calls");
    await expect(page.getByText("budgetExceeded").first()).toBeVisible();
    await window.goTo("Lab");
    await expect(page.getByRole("button", { name: "Run the demo" })).toBeHidden();
    for (const service of ["gateway", "payments-mcp", "mock-slack", "audit-db", "agent"]) {
      await expect(window.service(service)).toHaveAccessibleName(/running, up/);
    }
  });

  await test.step("a finished run can be scrubbed: the whole window shows the moment", async () => {
    await window
      .card(TIMEOUT)
      .getByRole("link", { name: /^Passed/ })
      .click();
    await run.isShown(TIMEOUT);
    // The position of the waiting call on the axis depends on the duration of everything else.
    let share = 0.1;
    await expect(async () => {
      share = share < 0.9 ? share + 0.1 : 0.1;
      await run.scrubTo(share);
      await expect(run.moment).toContainText("At");
      await expect(page.getByText("1 call waiting", { exact: true })).toBeVisible({ timeout: 500 });
    }).toPass();
    await expect(run.health("mock-slack")).toHaveAttribute("data-status", "down");
    await expect(page.getByText("No checks yet at this moment")).toBeVisible();
    await page.keyboard.press("f");
    await expect(run.health("mock-slack")).toHaveAttribute("data-status", "up");
  });

  await test.step("the selection has details, and a link reopens it", async () => {
    await run.tab("Tool calls");
    await page.getByRole("button", { name: /create_refund/ }).click();
    await expect(run.inspector).toContainText("requested_by_customer");
    await expect(run.inspector).toContainText("approval timeout");
    await expect(run.inspector).toContainText("stop mock-slack");
    await expect(page).toHaveURL(/event=\d+/);
    await page.reload();
    await run.isShown(TIMEOUT);
    await expect(run.inspector).toContainText("approval timeout");
  });

  await test.step("from a call to the step that made it, and from that to each of its calls", async () => {
    await run.inspector.getByRole("button", { name: /^agent: / }).click();
    const calls = run.inspector.getByRole("region", { name: "Calls of the step" }).getByRole("button");
    await expect(calls).toHaveText([/^list_recent_charges/, /^create_refund/]);
    await calls.first().click();
    await expect(run.inspector).toContainText("list_recent_charges");
    await expect(run.inspector).toContainText(/Endedok/);
  });

  await test.step("next and previous failure select failures in order", async () => {
    await page.getByRole("button", { name: "Clear the selection" }).click();
    await page.getByRole("button", { name: "Next failure" }).click();
    await expect(run.inspector).toContainText("ECONNREFUSED");
    await page.keyboard.press("n");
    await expect(run.inspector).toContainText("expired");
    await page.keyboard.press("Shift+N");
    await expect(run.inspector).toContainText("ECONNREFUSED");
  });

  await test.step("drag and wheel zoom in, a double click shows the whole run", async () => {
    const whole = await run.ticks();
    await run.zoomTo(0.2, 0.3);
    await expect.poll(() => run.ticks()).not.toEqual(whole);
    await run.timeline.hover({ position: { x: 200, y: 5 } });
    const zoomed = await run.ticks();
    await page.mouse.wheel(0, -600);
    await expect.poll(() => run.ticks()).not.toEqual(zoomed);
    await run.timeline.dblclick({ position: { x: 300, y: 3 } });
    await expect.poll(() => run.ticks()).toEqual(whole);
  });
});

testOnRecordedLab(
  "with a protection off the failure is visible, and the two runs are compared",
  async ({ window, runs }) => {
    const { page } = window;
    await window.openAddress(`#/run/${runs.failed}`);
    await window.run.hasEnded("Failed");
    await expect(page.getByRole("row", { name: /policyOutcome/ })).toContainText("no decision");
    await page.getByRole("button", { name: "Compare" }).click();
    await expect(page.getByRole("region", { name: "First run" })).toContainText("with all protections");
    await expect(page.getByRole("region", { name: "Second run" })).toContainText("without capability-cache");
    const decisions = page.getByRole("row", { name: /^Decisions/ });
    await expect(decisions).toContainText("list_recent_charges upstream_error");
    await expect(decisions).toHaveAttribute("data-differs");
    // One axis: both runs have the same times at the same positions.
    const axes = page.getByTestId("time-axis");
    await expect(axes).toHaveCount(2);
    expect(await axes.nth(0).innerText()).toBe(await axes.nth(1).innerText());
    await page.getByLabel("Only differences").check({ force: true });
    await expect(page.getByRole("row", { name: /^Faults/ })).toBeHidden();
    await test.step("both on one screen, larger, in presenter mode", async () => {
      const decided = page.getByRole("region", { name: "Second run" }).getByText("Tool calls");
      const plainPx = (await decided.boundingBox())?.height ?? 0;
      await page.keyboard.press("p");
      await expect.poll(async () => (await decided.boundingBox())?.height).toBeGreaterThan(plainPx);
      await expect(decided).toBeInViewport();
      await page.keyboard.press("Escape");
    });
  },
);
