import { expect, test } from "./lab-under-test.ts";

test("a service's details and its output are followed, searched and kept free of secrets", async ({ window }) => {
  const { page } = window;
  await page.getByRole("button", { name: "Bring up" }).click();
  await expect(window.service("gateway")).toHaveAccessibleName(/running, up/);
  await window.service("gateway").click();
  await page.getByRole("link", { name: "Logs and details of gateway" }).click();
  await expect(page.getByRole("heading", { name: "gateway", level: 1 })).toBeVisible();
  await expect(page.getByText(/[\d.]+ MiB/)).toBeVisible();
  await expect(page.getByText(/[\d.]+ % of a processor/)).toBeVisible();
  const logs = page.getByRole("log", { name: "Logs of gateway" });
  // What it printed before anyone looked.
  await expect(logs).toContainText("listening");

  await test.step("what it prints from now on follows, also of its next start", async () => {
    const before = await logs.locator("div").count();
    await window.goTo("Lab");
    await page.getByRole("button", { name: "Kill gateway" }).click();
    await expect(window.service("gateway")).toHaveAccessibleName(/down/);
    await page.getByRole("button", { name: "Restore gateway" }).click();
    await expect(window.service("gateway")).toHaveAccessibleName(/running, up/);
    await page.getByRole("link", { name: "Logs and details of gateway" }).click();
    await expect.poll(() => logs.locator("div").count()).toBeGreaterThan(before);
  });

  await test.step("a search narrows it, and says by how much", async () => {
    await page.getByRole("textbox", { name: "Search the logs" }).fill("listening");
    await expect(page.getByRole("status").filter({ hasText: /^\d+ of \d+ lines/ })).toBeVisible();
    for (const line of await logs.locator("div").allInnerTexts()) expect(line).toContain("listening");
    await page.getByRole("textbox", { name: "Search the logs" }).fill("no such text");
    await expect(page.getByText("No matches")).toBeVisible();
  });

  await page.goto(`${new URL(page.url()).origin}/#/service/nobody`);
  await expect(page.getByText("has no service nobody")).toBeVisible();
});
