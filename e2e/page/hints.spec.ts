import type { Page } from "@playwright/test";
import { expect } from "./lab-under-test.ts";
import { testOnRecordedLab as test } from "./shared-labs.ts";

test("the hint of a control covers none beside it, and neither Halt nor Undo all", async ({ window, runs }) => {
  test.slow();
  const { page } = window;
  for (const [name, hash, shown] of [
    ["Run", `#/run/${runs.failed}`, "Compare"],
    ["History", "#/history", "Import"],
    ["Lab", "#/lab", "Take down"],
  ] as const) {
    await window.openAddress(hash);
    await expect(page.getByRole("button", { name: shown }).first()).toBeVisible();
    const hinted = page.locator("[data-hint]");
    await expect(hinted.first()).toBeVisible();
    const count = Math.min(await hinted.count(), 24);
    for (let index = 0; index < count; index++) {
      const control = hinted.nth(index);
      const box = await control.boundingBox();
      if (box === null || box.y + box.height > 800) continue;
      await page.mouse.move(0, 0);
      await expect(page.getByRole("tooltip")).toHaveCount(0);
      await control.hover({ force: true });
      await expect(page.getByRole("tooltip")).toBeVisible();
      expect.soft(await coveredByHint(page, box), `${name}: ${await control.innerText()}`).toEqual([]);
    }
  }
});

/** Names of the controls in the row of the tooltip's own, and of those that stop everything, that the tooltip lies on. */
async function coveredByHint(page: Page, own: { y: number; height: number }): Promise<string[]> {
  return page.evaluate(({ y, height }) => {
    const hint = document.querySelector('[role="tooltip"]')?.getBoundingClientRect();
    if (hint === undefined) return ["no tooltip"];
    const controls = [...document.querySelectorAll<HTMLElement>("a[href], button, input, [role=button], [role=tab]")];
    return controls
      .filter((control) => {
        const { left, right, top, bottom, width } = control.getBoundingClientRect();
        const isBeside = top < y + height && bottom > y;
        const stops = /^(Halt|Undo all)/.test(control.textContent ?? "");
        if (!isBeside && !stops) return false;
        return width > 0 && left < hint.right && right > hint.left && top < hint.bottom && bottom > hint.top;
      })
      .map((control) => control.getAttribute("aria-label") ?? control.textContent ?? control.tagName);
  }, own);
}
