import type { Locator } from "@playwright/test";
import { expect, test } from "./lab-under-test.ts";
import { ownScenarios } from "./own-scenarios.ts";

const CRASH = "The MCP server crashes and the tool stays visible";
const APPROVED = "A person approves and the refund happens once";
const OWN = `id: own
title: One of my own
patterns: [timeout]
steadyState: [{ service: gateway, is: up }]
method: [{ wait: 10ms }]
expect: [{ within: 20s }]
`;

test.use({ prepared: ownScenarios({ "own.yaml": OWN }) });

test("a place has one name, and a person's own scenarios come first", async ({ window }) => {
  const { page } = window;
  for (const place of ["Lab", "Stacks", "History", "Approvals"] as const) {
    await window.goTo(place);
    await expect(page.getByRole("heading", { level: 1 })).toHaveText(place);
    await expect(page).toHaveTitle(`${place} · Resilience Lab`);
  }
  await window.goTo("Scenarios");
  await expect(page).toHaveTitle("Scenarios · Resilience Lab");
  await expect(page.getByRole("textbox", { name: "Scenario YAML", exact: true })).toContainText("One of my own");
  await window.goTo("Lab");
  await expect(page.getByRole("heading", { name: "Scenarios" })).toHaveCount(0);
  await expect(page.getByRole("article").first()).toHaveAccessibleName("One of my own");
});

test("the steps of a scenario change no other card", async ({ window }) => {
  const { page } = window;
  const cards = page.getByRole("article");
  await expect(cards.nth(1)).toBeVisible();
  const [opened, neighbour] = [cards.nth(0), cards.nth(1)];
  expect(await topPx(opened)).toBe(await topPx(neighbour));
  const before = await neighbour.boundingBox();
  await opened.getByRole("button", { name: /^Steps of/ }).click();
  await expect(opened.getByRole("heading", { name: "Checks" })).toBeVisible();
  expect(await neighbour.boundingBox()).toEqual(before);
});

test("a person's name has spaces and letters of any language", async ({ window }) => {
  const { page } = window;
  await window.openAddress("#/settings");
  const name = page.getByRole("textbox", { name: "Your name" });
  await name.fill(" Seán O’Brien ");
  await name.press("Enter");
  await expect(name).toHaveValue("Seán O’Brien");
  await expect(page.getByText(/^Up to 80 letters/)).toHaveCount(0);
  await expect(page.getByLabel("Saving")).toHaveCount(0);
  await page.reload();
  await expect(name).toHaveValue("Seán O’Brien");
});

test.describe("of a run", () => {
  test("a double click on the axis or the lanes shows the whole run and leaves the moment and the selection", async ({
    window,
  }) => {
    const { page, run } = window;
    await window.runToEnd(CRASH, "Passed");
    // Without the mark of the moment, which has no text.
    const ticks = async () => (await run.ticks()).filter((tick) => tick !== "");
    const whole = await ticks();
    const axis = page.getByTestId("time-axis");
    for (const where of [axis, run.timeline]) {
      await test.step("at the end", async () => {
        await run.zoomTo(0.2, 0.5);
        await expect.poll(ticks).not.toEqual(whole);
        await where.dblclick({ position: { x: 300, y: 3 } });
        await expect.poll(ticks).toEqual(whole);
        await expect(run.moment).toContainText("At the end");
      });
      await test.step("at an earlier moment, with a selection", async () => {
        await page.keyboard.press("n");
        // The selection, and not what the first press of the double click showed for a moment.
        await page.waitForURL(/[?&]event=/);
        await expect(run.moment).not.toContainText("At the end");
        const [moment, selected] = [await run.moment.innerText(), await run.inspector.innerText()];
        await where.dblclick({ position: { x: 40, y: 3 } });
        await expect.poll(ticks).toEqual(whole);
        await expect(run.moment).toHaveText(moment.replaceAll(/\s+/g, " "));
        expect(await run.inspector.innerText()).toBe(selected);
        await page.keyboard.press("Escape");
      });
    }
    await test.step("one click still moves the moment", async () => {
      await axis.click({ position: { x: 300, y: 3 } });
      await expect(run.moment).not.toContainText("At the end");
    });
  });

  test("the columns of the checks stay where they are, whichever check is shown", async ({ window }) => {
    const { page } = window;
    await window.runToEnd(CRASH, "Failed", "capability-cache");
    const heads = page.getByRole("columnheader");
    await expect(heads).toHaveText(["Result", "Check", "Expected", "Observed"]);
    const before = await columnsPx(heads);
    const rows = await page.getByRole("row").count();
    // At the moment of a check later ones are not there yet.
    await page.getByRole("button", { name: "mustInclude", exact: true }).click();
    await expect.poll(() => page.getByRole("row").count()).toBeLessThan(rows);
    expect(await columnsPx(heads)).toEqual(before);
  });

  test("a response is laid out as its arguments are", async ({ window }) => {
    const { page, run } = window;
    await window.runToEnd(APPROVED, "Passed");
    await run.tab("Tool calls");
    await page.getByRole("button", { name: /create_refund/ }).click();
    const response = run.inspector.getByRole("region", { name: "Response" });
    await expect(response).toContainText(/\{\n {2}"\w+":/);
  });
});

async function topPx(element: Locator): Promise<number | undefined> {
  return (await element.boundingBox())?.y;
}

/** Left edge and width of each column. */
async function columnsPx(heads: Locator): Promise<number[][]> {
  return heads.evaluateAll((all) =>
    all.map((head) => {
      const { left, width } = head.getBoundingClientRect();
      return [Math.round(left), Math.round(width)];
    }),
  );
}
