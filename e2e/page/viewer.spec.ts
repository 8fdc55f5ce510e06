import { spawnSync } from "node:child_process";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "@playwright/test";
import { openForged } from "../../electron/lab/bundles/testing/forge-zip.ts";
import { labProgram } from "../../electron/testing/lab-program.ts";
import { scan, THEMED } from "./accessible.ts";
import { expect } from "./lab-under-test.ts";
import { RunView } from "./lab-window.ts";
import { RUN, testOnStoredRuns as test } from "./stored-runs.ts";

const SIZES = [
  { width: 1280, height: 720 },
  { width: 1280, height: 800 },
  { width: 1920, height: 1080 },
];

/** Opens a file from the disk without a network, and notes whatever it asks for and whatever its policy refuses. */
async function openFile(browser: Browser, file: string, options: { javaScriptEnabled?: boolean } = {}) {
  const context = await browser.newContext({ offline: true, reducedMotion: "reduce", ...options });
  const page = await context.newPage();
  const noted: string[] = [];
  const address = pathToFileURL(file).href;
  page.on("request", (request) => request.url().split("#")[0] !== address && noted.push(`asked for ${request.url()}`));
  page.on("console", (message) => noted.push(message.text()));
  page.on("pageerror", (error) => noted.push(error.message));
  await page.goto(address);
  return { page, noted, run: new RunView(page), close: () => context.close() };
}

function inTerminal(home: string, ...args: string[]): void {
  const env = { ...process.env, RESILIENCE_LAB_HOME: home };
  const { status, stderr } = spawnSync(process.execPath, [labProgram("launch"), ...args], { env, encoding: "utf8" });
  expect(status, stderr).toBe(0);
}

test("a run is one HTML file, from the window and from the terminal, and opens from a disk with the network off", async ({
  window,
  home,
  browser,
}) => {
  const file = join(home, "run.html");
  await test.step("exported by the window as by the terminal", async () => {
    await window.openAddress(`#/run/${RUN}`);
    await window.run.hasEnded("Passed");
    const downloading = window.page.waitForEvent("download");
    await window.page.getByRole("button", { name: "More for this run" }).click();
    await window.page.getByRole("menuitem", { name: "Export HTML" }).click();
    await (await downloading).saveAs(file);
    inTerminal(home, "bundle", "export", RUN, "--html", "--out", join(home, "same.html"));
    expect(readFileSync(join(home, "same.html")).equals(readFileSync(file))).toBe(true);
    expect(statSync(file).size).toBeLessThan(2_000_000);
  });

  const { page, noted, run, close } = await openFile(browser, file);
  const slider = page.getByRole("slider", { name: "Moment shown" });

  await test.step("scrubbed, searched and replayed by keys", async () => {
    await expect(run.moment).toContainText("At the end");
    await expect(run.header.getByText("Passed", { exact: true })).toBeVisible();
    await expect(page.getByRole("button", { name: "Run again" })).toHaveCount(0);
    await slider.focus();
    await page.keyboard.press("Home");
    await expect(run.moment).toContainText("At");
    await run.tab("Events");
    await page.keyboard.press("f");
    await page.keyboard.press("/");
    await page.keyboard.type("upstream_error");
    await expect(page.getByText(/^4 events$/)).toBeVisible();
    await page.keyboard.press("Tab");
    await slider.focus();
    await page.keyboard.press("Home");
    await page.keyboard.press("r");
    await expect(page.getByRole("button", { name: "Pause the replay" })).toBeVisible();
    await page.keyboard.press("r");
    await expect(page.getByRole("button", { name: "Replay" })).toBeVisible();
  });

  await test.step("an address with a moment opens it there", async () => {
    const at = page.url().replace(/(\?.*)?$/, "?t=1000");
    await page.goto(at);
    await page.reload();
    await expect(run.moment).toContainText("At 1.00 s");
  });

  await test.step("every view, in each size and theme", async () => {
    for (const size of SIZES) {
      await page.setViewportSize(size);
      for (const tab of ["Map", "Checks", "Tool calls", "Waterfall", "Plots", "Events", "Logs"] as const) {
        await run.tab(tab);
        const isWide = await page.evaluate(
          () => document.documentElement.scrollWidth > document.documentElement.clientWidth,
        );
        expect.soft(isWide, `${tab} is wider than ${size.width}`).toBe(false);
      }
    }
    await scan(page, "viewer, light");
    await page.getByRole("button", { name: "Dark theme" }).click();
    await scan(page, "viewer, dark", { rules: THEMED });
  });

  expect(noted).toEqual([]);
  await close();

  await test.step("a summary is on paper, and is read without scripts", async () => {
    const without = await openFile(browser, file, { javaScriptEnabled: false });
    await isSummedUp(without.page);
    expect(without.noted).toEqual([]);
    await without.close();
    const printed = await openFile(browser, file);
    await expect(printed.run.moment).toContainText("At the end");
    await printed.page.emulateMedia({ media: "print" });
    await isSummedUp(printed.page);
    await expect(printed.page.locator("#root")).toBeHidden();
    await printed.close();
  });

  await test.step("index.html of a bundle shows all of its runs, and a damaged one says so", async () => {
    const zip = join(home, "runs.zip");
    const other = "22222222-2222-4222-8222-222222222222";
    inTerminal(home, "bundle", "export", RUN, other, "--out", zip);
    const html = String(openForged(zip).find(({ path }) => path === "index.html")?.bytes);
    writeFileSync(file, html);
    const opened = await openFile(browser, file);
    await expect(opened.run.moment).toContainText("At the end");
    await opened.page.getByRole("combobox", { name: "Run shown" }).selectOption(other);
    await expect(opened.run.inspector).toContainText(other);
    expect(opened.noted).toEqual([]);
    await opened.close();

    writeFileSync(file, html.replace(/(data-events="[^"]*">.{400}).{40}/, "$1"));
    const damaged = await openFile(browser, file);
    await expect(damaged.page.getByText("the file is damaged")).toBeVisible();
    await damaged.close();
  });
});

async function isSummedUp(page: Page): Promise<void> {
  await expect(page.locator("#summary").getByRole("heading", { level: 1 })).toBeVisible();
  await expect(page.locator("#summary").getByRole("heading", { name: /^Decisions: 120/ })).toBeVisible();
}
