import type { Locator } from "@playwright/test";
import { expect, test } from "./lab-under-test.ts";
import { noteShifts } from "./layout-shifts.ts";
import { ownScenarios } from "./own-scenarios.ts";
import { testOnSharedLab } from "./shared-labs.ts";

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

testOnSharedLab("the Lab page moves nothing by itself when it is opened, and opened again", async ({ lab, page }) => {
  const shifts = await noteShifts(page);
  const window = await lab.open(page);
  const isWhole = async () => {
    await expect(page.getByRole("article").first()).toBeVisible();
    await expect(page.getByRole("button", { name: /^Play: / })).toBeVisible();
    await expect(page.getByRole("link", { name: "Open your own stack" })).toBeVisible();
  };
  await isWhole();
  await window.goTo("History");
  await expect(page.getByRole("article")).toHaveCount(0);
  await window.goTo("Lab");
  await isWhole();
  expect((await shifts()).filter((text) => /Run all|Steps/.test(text))).toEqual([]);
});

testOnSharedLab("the steps of a scenario change no other card", async ({ window }) => {
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

async function topPx(element: Locator): Promise<number | undefined> {
  return (await element.boundingBox())?.y;
}
