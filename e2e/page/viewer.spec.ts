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
  page.on("request", (request) => {
    const asked = request.url();
    // A picture that the page made itself.
    if (asked.split("#")[0] !== address && !asked.startsWith("blob:")) noted.push(`asked for ${asked}`);
  });
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
  await test.step("a name, tags and notes are written on it, and found in the history", async () => {
    const { page } = window;
    await window.openAddress(`#/run/${RUN}?t=3000`);
    await page.getByRole("button", { name: "Edit the name and tags" }).click();
    await page.getByRole("textbox", { name: "Name" }).fill("For the team");
    await page.getByRole("textbox", { name: "Tags" }).fill("talk, slow server");
    await page.keyboard.press("Enter");
    await expect(page.getByRole("heading", { level: 1, name: "For the team" })).toBeVisible();
    await window.run.tab("Notes");
    await page.getByLabel("Note at 3.00 s").fill("Ask ann@example.com\nabout this");
    await page.keyboard.press("Control+Enter");
    await expect(page.getByRole("img", { name: "Note at 3.00 s: Ask" })).toBeVisible();
    await scan(page, "notes", { differsIn: ["main"] });
    await page.getByRole("link", { name: "slow server" }).click();
    await expect(page.getByRole("link", { name: "For the team" })).toBeVisible();
    await expect(page.getByRole("row")).toHaveCount(2);
    await page.getByText("Tag: slow server").click();
    await expect(page.getByRole("row")).toHaveCount(4);
    await page.getByRole("textbox", { name: "Search the runs" }).fill("about this");
    await expect(page.getByRole("row")).toHaveCount(2);
  });

  await test.step("the timeline, the map and a link to the moment are copied", async () => {
    const { page, run } = window;
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    const copied = () => page.evaluate(() => navigator.clipboard.readText());
    await window.openAddress(`#/run/${RUN}?t=3000`);
    await run.tab("Map");
    for (const [what, text] of [
      ["timeline", "Tool calls"],
      ["map", "gateway"],
    ] as const) {
      await chooseToCopy(page, `the ${what} as SVG`);
      await expect.poll(copied).toContain(`>${text}<`);
      const problem = await page.evaluate(
        (svg) => {
          const parsed = new DOMParser().parseFromString(svg, "image/svg+xml");
          return parsed.querySelector("parsererror")?.textContent ?? "";
        },
        await copied(),
      );
      expect(problem).toBe("");
      await chooseToCopy(page, `the ${what} as PNG`);
      const types = () => page.evaluate(async () => (await navigator.clipboard.read()).flatMap(({ types }) => types));
      await expect.poll(types).toEqual(["image/png"]);
    }
    await chooseToCopy(page, "a link to this moment");
    await expect.poll(copied).toContain(`#/run/${RUN}?t=3000`);
    await page.context().clearPermissions();
  });

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
    await expect(page.getByRole("heading", { level: 1, name: "For the team" })).toBeVisible();
    await slider.focus();
    await page.keyboard.press("Home");
    await expect(run.moment).toContainText("At");
    await run.tab("Events");
    await page.keyboard.press("f");
    await page.keyboard.press("/");
    await page.keyboard.type("about this");
    await page.getByRole("button", { name: /note Ask .*about this/ }).click();
    await expect(run.moment).toContainText("At 3.00 s");
    await page.keyboard.press("f");
    await page.getByRole("textbox", { name: "Search the events" }).fill("upstream_error");
    await expect(page.getByText(/^4 events$/)).toBeVisible();
    await page.keyboard.press("Tab");
    await slider.focus();
    await page.keyboard.press("Home");
    await page.keyboard.press("r");
    await expect(page.getByRole("button", { name: "Pause the replay" })).toBeVisible();
    await page.keyboard.press("r");
    await expect(page.getByRole("button", { name: "Replay" })).toBeVisible();
  });

  await test.step("where the clipboard refuses a picture it is saved", async () => {
    const saving = page.waitForEvent("download");
    await chooseToCopy(page, "the timeline as PNG");
    expect((await saving).suggestedFilename()).toBe(`timeline-${RUN.slice(0, 8)}.png`);
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
      for (const tab of ["Map", "Checks", "Tool calls", "Waterfall", "Plots", "Events", "Logs", "Notes"] as const) {
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

async function chooseToCopy(page: Page, what: string): Promise<void> {
  await page.getByRole("button", { name: "Copy what is shown" }).click();
  await page.getByRole("menuitem", { name: `Copy ${what}` }).click();
}

async function isSummedUp(page: Page): Promise<void> {
  await expect(page.locator("#summary").getByRole("heading", { level: 1 })).toBeVisible();
  await expect(page.locator("#summary").getByRole("heading", { name: /^Decisions: 120/ })).toBeVisible();
}
