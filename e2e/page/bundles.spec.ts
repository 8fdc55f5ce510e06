import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BrowserLab, expect } from "./lab-under-test.ts";
import { LabWindow } from "./lab-window.ts";
import { testOnRecordedLab as test } from "./shared-labs.ts";

const CRASH = "The MCP server crashes and the tool stays visible";

test("a run is exported, imported by another lab and replayed there without a stack", async ({
  window,
  runs,
  browser,
}) => {
  const folder = mkdtempSync(join(tmpdir(), "resilience-lab-bundle-"));
  const file = join(folder, "run.zip");
  const empty = join(folder, "empty-home");
  try {
    await window.openAddress(`#/run/${runs.passed}`);
    await window.run.hasEnded("Passed");

    await test.step("export", async () => {
      const downloading = window.page.waitForEvent("download");
      await window.page.getByRole("button", { name: "More for this run" }).click();
      await window.page.getByRole("menuitem", { name: "Export as a bundle" }).click();
      await window.page.getByRole("button", { name: "Export this run" }).click();
      await (await downloading).saveAs(file);
    });

    const other = await BrowserLab.start(empty);
    const page = await browser.newPage();
    try {
      const fresh = new LabWindow(page, other.origin);
      await page.goto(other.address);
      await fresh.isOpen();
      await fresh.goTo("History");
      await expect(page.getByRole("link", { name: CRASH })).toBeHidden();

      await test.step("import", async () => {
        const choosing = page.waitForEvent("filechooser");
        await page.getByRole("button", { name: "Import" }).click();
        await (await choosing).setFiles(file);
        const dialog = page.getByRole("dialog", { name: "Import" });
        await expect(dialog.getByRole("status")).toContainText("run.zip");
        await dialog.getByRole("button", { name: "Close" }).last().click();
        await expect(page.getByRole("link", { name: CRASH })).toBeVisible();
      });

      await test.step("replay on the same screen", async () => {
        await fresh.openAddress(`#/run/${runs.passed}`);
        await fresh.run.isShown(CRASH);
        await fresh.run.hasEnded("Passed");
        await fresh.run.scrubTo(0.6);
        await expect(fresh.run.moment).toContainText("At");
        await fresh.run.tab("Tool calls");
        await page.keyboard.press("f");
        await expect(page.getByText("upstream_error").first()).toBeVisible();
        await fresh.goTo("Lab");
        await expect(page.getByRole("button", { name: "Bring up" })).toBeVisible();
      });
    } finally {
      await page.close();
      await other.stop();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
