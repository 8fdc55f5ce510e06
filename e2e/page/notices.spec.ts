import type { Page } from "@playwright/test";
import { expect, test } from "./lab-under-test.ts";
import { loadAgain } from "./network-changes.ts";

/** Whether the page has the lab's look: a browser's own has neither. */
async function hasLook(page: Page): Promise<void> {
  await expect(page.locator("header svg")).toBeVisible();
  const style = await page.evaluate(() => {
    const { fontFamily, borderRadius } = getComputedStyle(document.querySelector("main") ?? document.body);
    return { fontFamily, borderRadius };
  });
  expect(style).toEqual({ fontFamily: "system-ui, sans-serif", borderRadius: "6px" });
}

test("an address that was used, one of nothing and one without a session are pages that say what to do", async ({
  browserLab: lab,
  page,
  browser,
}) => {
  const used = lab.address;
  const window = await lab.open(page);
  await window.isComplete();
  const tab = await page.context().newPage();
  await test.step("used, in a browser that the lab knows", async () => {
    expect((await tab.goto(used))?.status()).toBe(401);
    await expect(tab.getByRole("heading", { name: "This address has been used" })).toBeVisible();
    await expect(tab.getByText("The next address is in the terminal")).toBeVisible();
    await hasLook(tab);
  });
  await test.step("of nothing", async () => {
    expect((await tab.goto(`${lab.origin}/nothing.txt`))?.status()).toBe(404);
    await expect(tab.getByRole("heading", { name: "No such page" })).toBeVisible();
    await hasLook(tab);
    await tab.getByRole("link", { name: "Open the lab in this browser" }).click();
    await expect(tab.getByRole("navigation", { name: "Pages" })).toBeVisible();
  });
  await test.step("in another browser", async () => {
    const other = await (await browser.newContext()).newPage();
    for (const address of [used, lab.origin]) {
      expect((await loadAgain(() => other.goto(address)))?.status()).toBe(401);
      await hasLook(other);
      await expect(other.getByRole("link", { name: "Open the lab in this browser" })).toHaveCount(0);
    }
    await other.context().close();
  });
});
