import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import { isAccessible } from "./accessible.ts";
import { expect, test } from "./lab-under-test.ts";
import { testOnRecordedLab } from "./shared-labs.ts";

const PATTERN = `id: one-pattern
title: One pattern
items: [{ scenario: runaway-agent-loop, firstWithout: [budget] }]
`;

testOnRecordedLab.use({
  prepared: async ({ home }: { home: string }, use: (nothing: undefined) => Promise<void>) => {
    const file = join(home, "playlists", "one-pattern.yaml");
    mkdirSync(join(home, "playlists"), { recursive: true });
    writeFileSync(file, PATTERN);
    await use(undefined);
    rmSync(file);
  },
});

testOnRecordedLab(
  "a whole demo is given with the keyboard, and each screen says what it shows, on any projector and in either theme",
  async ({ window, runs }) => {
    const { page, run } = window;
    const space = () => page.keyboard.press("Space");
    const strip = page.getByRole("region", { name: "Runs started together" });
    const waits = page.getByRole("region", { name: "The run waits" });
    const narration = page.getByRole("definition").first();
    const shown = (text: string) =>
      expect(page.locator("main").getByText(text).filter({ visible: true }).first()).toBeInViewport();

    await test.step("the playlist chosen last is the one that the button and the space bar start", async () => {
      await page.keyboard.press("Control+k");
      await page.keyboard.type("play one pattern");
      const palette = page.getByRole("dialog", { name: "Command palette" });
      await expect(palette.getByRole("button", { name: /One pattern/ })).toHaveCount(1);
      await page.keyboard.press("Enter");
      await run.isShown("An agent in a loop is stopped by its budget");
      await expect(page.getByRole("region", { name: "Second run" })).toBeVisible();
      await window.nothingRuns();
      await page.keyboard.press("g");
      await page.keyboard.press("l");
      await expect(page.getByRole("button", { name: "Play: One pattern" })).toBeVisible();
      await page.locator("main").focus();
      await page.keyboard.press("p");
      await everywhere(page);
      await space();
    });

    await test.step("first the failure: it waits, then it happens, and it stays on the screen", async () => {
      await expect(waits).toContainText("waits before: storm: list_recent_charges up to 30 times");
      await expect(strip).toContainText("1 of 2");
      await shown("without budget");
      await expect(narration).toHaveText("It calls the same tool thirty times in one turn. Watch what stops it.");
      await everywhere(page);
      await space();
      await shown("Without the budget, 30 calls succeeded");
      await expect(strip).toContainText("0 passed, 1 failed on purpose");
      await everywhere(page);
    });

    await test.step("then the pattern", async () => {
      await space();
      await expect(waits).toContainText("waits before: storm");
      await expect(strip).toContainText("2 of 2");
      await space();
      await shown("5 calls succeeded, 25 were refused by the budget");
      await expect(narration).not.toHaveText("");
      await expect(run.header.getByText("Passed", { exact: true })).toBeVisible();
    });

    await test.step("how they differ, both on one screen", async () => {
      await space();
      await shown("Without the budget, 30 calls succeeded");
      await shown("5 calls succeeded, 25 were refused by the budget");
      await expect(page.getByRole("list", { name: "How the runs differ" })).toContainText("First difference");
      await everywhere(page);
    });

    await test.step("and the result of both, with nothing after it", async () => {
      await space();
      await expect(page.getByRole("heading", { level: 1, name: /^2 of 2 runs ended as expected/ })).toBeVisible();
      const grid = page.getByRole("table", { name: "Scenarios by protections" });
      await expect(grid.getByRole("columnheader")).toHaveText(["Scenario", "Every protection", "Without a protection"]);
      await expect(grid.getByRole("cell")).toHaveText([
        /^PassedOpen.*25 were refused by the budget/,
        /^Failedon purposewithout budget.*30 calls succeeded/,
      ]);
      await everywhere(page);
      const [download] = await Promise.all([
        page.waitForEvent("download"),
        page.getByRole("button", { name: "JUnit" }).press("Enter"),
      ]);
      expect(download.suggestedFilename()).toBe("resilience-lab-2-runs.junit.xml");
      await page.keyboard.press("Escape");
    });

    await test.step("a scenario is run with and without its protection, as a matrix", async () => {
      await window.openAddress("#/lab?text=runaway");
      await page.getByRole("button", { name: "Playlists" }).press("Enter");
      await page.getByRole("menuitem", { name: /^Matrix of the 1 shown/ }).press("Enter");
      await expect(strip).toContainText("of 2");
      await window.nothingRuns();
      await expect(strip).toContainText("1 passed, 1 failed on purpose");
    });

    await test.step("runs that the lab knows only from the history have their result, too", async () => {
      await window.openAddress(`#/run/${runs.passed}`);
      await page.getByRole("link", { name: "2 of 2" }).press("Enter");
      await expect(page.getByRole("heading", { level: 1, name: /^2 of 2 runs ended as expected/ })).toBeVisible();
      await expect(page.getByRole("region", { name: "As expected" }).getByRole("link")).toHaveCount(2);
    });
  },
);

testOnRecordedLab("a person of the audience decides, at the gateway on the map", async ({ window }) => {
  const { page, run } = window;
  await window.goTo("Approvals");
  await page.getByRole("button", { name: "Decide on a refund yourself" }).click();
  await run.isShown("The audience decides on a refund");
  await page.keyboard.press("p");
  const map = page.getByRole("group", { name: /^Map of the run/ });
  const held = map.getByRole("region", { name: "create_refund waits for a person" });
  const timer = held.getByRole("timer");
  // It has a minute, of which a busy machine may take some.
  await expect(timer).toHaveText(/^([4-5]\d|60) s$/);
  expect(await heightPx(timer)).toBeGreaterThan(36);
  await expect(page.getByTestId("approval-card")).toHaveCount(0);
  const asked = held.getByRole("button", { name: /^create_refund .*charge_id: ch_/ });
  expect(await fontPx(asked)).toBeGreaterThanOrEqual(20);
  await asked.press("Enter");
  const whole = page.getByRole("dialog", { name: "Arguments of create_refund" });
  await expect(whole.getByRole("definition").filter({ hasText: /^ch_/ })).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(whole).toBeHidden();
  await isAccessible(page);
  await held.getByRole("button", { name: "Approve create_refund" }).click();
  await run.hasEnded("Passed");
  await expect(page.getByText("What was decided was done, once, and nothing else.")).toBeVisible();
  await page.keyboard.press("Escape");
  await run.tab("Checks");
  await expect(page.getByRole("row", { name: /either/ })).toContainText("create_refund approved");

  await test.step("paced, the time of the waiting call stands still until the person goes on", async () => {
    await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Lab" }).click();
    await page.getByRole("combobox", { name: "Pace of the runs" }).click();
    await page.getByRole("option", { name: /^Paced/ }).click();
    await window.start("The audience decides on a refund");
    const waits = page.getByRole("region", { name: "The run waits" });
    const card = page.getByTestId("approval-card");
    const goOn = async (next: RegExp) => {
      const before = await waits.textContent();
      await page.locator("main").focus();
      await page.keyboard.press("PageDown");
      await expect(waits).toContainText(next);
      await expect(waits).not.toHaveText(before ?? "");
    };
    await expect(waits).toContainText("warm gateway");
    await goOn(/agent: /);
    // Whether the question is there already before the step that waits for it depends on the machine.
    await goOn(/wait for create_refund|a person decides/);
    if ((await waits.textContent())?.includes("wait for")) await goOn(/a person decides/);
    await expect(card.getByRole("timer")).toHaveText("time stands still");
    await page.locator("main").focus();
    await page.keyboard.press("PageDown");
    await expect(card.getByRole("timer")).toHaveText(/ s left$/);
    await card.getByRole("button", { name: "Deny create_refund" }).click();
    await run.hasEnded("Passed");
  });
});

async function heightPx(element: ReturnType<Page["getByRole"]>): Promise<number> {
  return (await element.boundingBox())?.height ?? 0;
}

/** As it is on the screen: the map is drawn to scale. */
function fontPx(element: ReturnType<Page["getByRole"]>): Promise<number> {
  return element.evaluate((shown) => {
    const { offsetWidth } = shown as HTMLElement;
    return Number.parseFloat(getComputedStyle(shown).fontSize) * (shown.getBoundingClientRect().width / offsetWidth);
  });
}

/** The screens of projectors, the smallest last: the demo goes on at that. */
const PROJECTORS = [
  { width: 1920, height: 1080 },
  { width: 1280, height: 800 },
  { width: 1280, height: 720 },
];

/** Readable from the back row on every projector, and accessible in either theme. */
async function everywhere(page: Page): Promise<void> {
  for (const size of PROJECTORS) {
    await page.setViewportSize(size);
    await largeAndWhole(page);
  }
  await isAccessible(page);
}

/** Readable from the back row: every text on the screen has 20 px or more, as it is drawn, and none is cut. */
async function largeAndWhole(page: Page): Promise<void> {
  await expect
    .poll(() =>
      page.evaluate(() => {
        const problems: string[] = [];
        const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
          const text = node.textContent?.trim() ?? "";
          const element = node.parentElement;
          if (text === "" || element === null || element.closest("script, style, [role=alert], [role=tooltip], option"))
            continue;
          if (!element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
          const range = document.createRange();
          range.selectNodeContents(node);
          const { width, height, top } = range.getBoundingClientRect();
          if (top > window.innerHeight) continue;
          // Texts for readers of screens alone.
          if (width < 2 || height < 2 || element.closest("[class*=unseen], [class*=skip]")) continue;
          const zoom = (element as Element & { currentCSSZoom?: number }).currentCSSZoom ?? 1;
          const svg = element.closest("svg");
          const scale = svg?.getScreenCTM()?.a ?? 1;
          const px = Number.parseFloat(getComputedStyle(element).fontSize) * (svg === null ? zoom : scale);
          if (px < 19.5) problems.push(`${text}: ${px.toFixed(1)} px`);
          const box = element.getBoundingClientRect();
          if (getComputedStyle(element).overflow === "hidden" && width > box.width + 2) problems.push(`${text}: cut`);
        }
        return problems;
      }),
    )
    .toEqual([]);
}
