import type { Locator, Page } from "@playwright/test";
import { expect } from "./lab-under-test.ts";
import type { LabWindow } from "./lab-window.ts";
import { testOnRecordedLab as test } from "./shared-labs.ts";

const WIDTHS_PX = [480, 640, 900];
const WAITS = "An approval expires while Slack is down";

test("in narrow windows every page keeps its names, its actions and Halt", async ({ window, runs }) => {
  test.slow();
  const { page } = window;
  const { passed, failed } = runs;
  for (const [name, hash, shown] of [
    ["Lab", "#/lab", "Take down"],
    ["Stacks", "#/stacks", "Refresh"],
    ["Run", `#/run/${failed}`, "Compare"],
    ["Compare", `#/compare/${passed}/${failed}`, "Open"],
    ["History", "#/history", "Import"],
    ["Approvals", "#/approvals", "A person approves and the refund happens once"],
    ["Scenarios", "#/scenarios/mcp-crash", "Customise a copy"],
    ["Settings", "#/settings", "Show all lanes"],
    ["About", "#/about", "Copy"],
  ] as const) {
    await window.openAddress(hash);
    await expect(
      page.locator("main").locator("a, button").filter({ hasText: shown }).first(),
      `the page ${name} is shown`,
    ).toBeAttached();
    await staysUsable(window, name);
  }

  await test.step("a run's whole name is on its page and in the history", async () => {
    const title = "The MCP server crashes and the tool stays visible";
    for (const width of WIDTHS_PX) {
      await page.setViewportSize({ width, height: 800 });
      await window.openAddress(`#/run/${failed}`);
      await expect(page.getByRole("heading", { level: 1, name: title })).toBeInViewport({ ratio: 1 });
      expect(await isCut(page.locator("main h1").first())).toBe(false);
      await window.openAddress("#/history");
      const run = page.getByRole("link", { name: title }).first();
      await run.scrollIntoViewIfNeeded();
      await expect(run).toBeInViewport({ ratio: 1 });
      expect(await isCut(run)).toBe(false);
    }
    await page.setViewportSize({ width: 1280, height: 800 });
  });

  await test.step("while a run is in progress and a call waits, on its page and on others", async () => {
    await window.start(WAITS);
    await expect(page.getByTestId("approval-card")).toBeVisible();
    await staysUsable(window, "a run in progress");
    await window.goTo("Lab");
    await staysUsable(window, "Lab, a run in progress");
    await window.goTo("Approvals");
    await staysUsable(window, "Approvals, a call waits");
    await page.keyboard.press("Control+.");
    await window.nothingRuns();
    await expect(page.getByRole("button", { name: "Arm the lab" })).toBeVisible();
    await staysUsable(window, "halted");
    await page.getByRole("button", { name: "Arm the lab" }).click();
    await expect(page.getByRole("button", { name: "Arm the lab" })).toBeHidden();
  });
});

/** Halt is in view, nothing is beside the window, and no control covers another. */
async function staysUsable({ page }: LabWindow, name: string): Promise<void> {
  for (const width of WIDTHS_PX) {
    await page.setViewportSize({ width, height: 800 });
    for (const action of ["Halt", "Undo all", "Open the command palette", "More: theme, settings, help"]) {
      await expect(page.getByRole("banner").getByRole("button", { name: action })).toBeInViewport({ ratio: 1 });
    }
    for (const place of ["Lab", "Stacks", "History", "Approvals", "Scenarios"]) {
      await expect(page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: place })).toBeInViewport({
        ratio: 1,
      });
    }
    await expect.poll(() => problems(page), `${name}, ${width} px`).toEqual([]);
  }
  await page.setViewportSize({ width: 1280, height: 800 });
}

/** Controls that are partly beside the window, or under another control. */
async function problems(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const controls = [
      ...document.querySelectorAll<HTMLElement>("a[href], button, input[type=text], [role=tab]"),
    ].filter(
      (control) => control.checkVisibility({ visibilityProperty: true }) && control.getBoundingClientRect().top >= 0,
    );
    const nameOf = (control: HTMLElement) =>
      control.getAttribute("aria-label") ?? control.textContent ?? control.tagName;
    const isScrolledAway = (control: HTMLElement, y: number) => {
      for (let frame = control.parentElement; frame !== null; frame = frame.parentElement) {
        const { top, bottom } = frame.getBoundingClientRect();
        if (getComputedStyle(frame).overflowY !== "visible" && (y < top || y > bottom)) return true;
      }
      return false;
    };
    return controls.flatMap((control) => {
      const { left, right, top, bottom } = control.getBoundingClientRect();
      if (left < -0.5 || right > innerWidth + 0.5) return [`${nameOf(control)} is beside the window`];
      if (control.scrollWidth > control.clientWidth + 1 && control.matches("button"))
        return [`${nameOf(control)} is cut`];
      const [x, y] = [(left + right) / 2, (top + bottom) / 2];
      if (y > innerHeight || isScrolledAway(control, y)) return [];
      const seen = document.elementFromPoint(x, y);
      const other = seen?.closest<HTMLElement>("a[href], button, input");
      const isCovered = other != null && other !== control && !control.contains(other) && !other.contains(control);
      return isCovered ? [`${nameOf(other)} covers ${nameOf(control)}`] : [];
    });
  });
}

async function isCut(text: Locator): Promise<boolean> {
  return text.evaluate((shown) => shown.scrollWidth > shown.clientWidth || shown.scrollHeight > shown.clientHeight + 1);
}
