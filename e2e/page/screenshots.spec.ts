import { join } from "node:path";
import type { Page } from "@playwright/test";
import { PROJECT } from "../desktop/shell-under-test.ts";
import { expect } from "./lab-under-test.ts";
import { PAGES } from "./pages.ts";
import { testOnRecordedLab, testOnSharedLab } from "./shared-labs.ts";
import { RUN, testOnStoredRuns } from "./stored-runs.ts";

/** For visual review. */
const SIZES = [
  { width: 480, height: 800 },
  { width: 640, height: 800 },
  { width: 900, height: 800 },
  { width: 1280, height: 800 },
  { width: 1920, height: 1080 },
];

testOnSharedLab("a picture of the first page of a new lab", ({ window: { page } }) => shoot(page, "first-start"));

testOnStoredRuns("pictures of a run's plots, and of sets of runs compared", async ({ window }) => {
  await window.openAddress(`#/run/${RUN}`);
  await window.run.hasEnded("Passed");
  await window.run.tab("Plots");
  await shoot(window.page, "plots");
  await window.goTo("History");
  await window.page.getByRole("checkbox", { name: "Select all 3 runs shown" }).check();
  await window.page.getByRole("button", { name: "Compare", exact: true }).click();
  await expect(window.page.getByRole("region", { name: "Distributions" }).getByRole("table")).toBeVisible();
  await shoot(window.page, "compare-sets");
});

testOnRecordedLab("a picture of a waterfall, with the fault that a call met", async ({ window }) => {
  testOnRecordedLab.setTimeout(300_000);
  await window.runToEnd("A slow link stays under the deadline", "Passed");
  await window.run.tab("Waterfall");
  await window.page.getByRole("textbox", { name: "Search names" }).fill("list_recent");
  await expect(window.page.getByRole("region", { name: "Waterfall" }).getByText("latency gateway")).not.toHaveCount(0);
  await shoot(window.page, "waterfall");
});

testOnRecordedLab("a picture of every page, in both themes and five sizes", async ({ window, runs }) => {
  testOnRecordedLab.setTimeout(1_200_000);
  const { page } = window;
  for (const { name, open, leave } of PAGES) {
    await page.setViewportSize({ width: 1280, height: 800 });
    await open(window, runs);
    await shoot(page, name);
    await page.keyboard.press("Escape");
    await leave?.(window);
    // Notifications cover the next page for some seconds.
    if (leave !== undefined) await expect(page.getByRole("alert")).toHaveCount(0);
  }
});

/** In both themes and five sizes. */
async function shoot(page: Page, name: string): Promise<void> {
  for (const theme of ["light", "dark"] as const) {
    for (const size of SIZES) {
      await page.emulateMedia({ colorScheme: theme });
      await page.setViewportSize(size);
      // Two frames: the canvas is drawn in the one after the layout has settled.
      await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
      await page.mouse.move(0, 0);
      const file = `${name}-${theme}-${size.width}x${size.height}.png`;
      await page.screenshot({ path: join(PROJECT, "screenshots", file) });
    }
  }
}
