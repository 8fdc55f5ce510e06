import { expect, test } from "./lab-under-test.ts";

/** The page's policy has no exceptions for the editor: what it refuses fails every spec, and this one uses all of it. */
test("editing a scenario breaks no rule of the page's policy, and the editor is a few Tabs away", async ({
  window,
}) => {
  const { page } = window;
  const { keyboard } = page;
  await page.reload();
  await window.openAddress("#/scenarios/_new");
  const text = page.getByRole("textbox", { name: "Scenario YAML" });
  await expect(text).toBeVisible();
  await page.getByRole("button", { name: "Skip to the editor" }).press("Enter");
  await keyboard.press("Tab");
  await expect(text).toBeFocused();
  await keyboard.press("Control+End");
  await keyboard.type("prot");
  await keyboard.press("Control+Space");
  await expect(page.getByRole("option").first()).toBeVisible();
  await expect(page.locator(".cm-completionInfo")).toBeVisible();
  await keyboard.press("Escape");
  await keyboard.type(": [");
  await page.locator(".cm-lint-marker-error").first().hover();
  await expect(page.locator(".cm-tooltip-lint")).toBeVisible();
  await keyboard.press("Control+Shift+M");
  await expect(page.locator(".cm-panel-lint")).toBeVisible();
});
