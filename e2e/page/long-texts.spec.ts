import type { Locator } from "@playwright/test";
import { expect } from "./lab-under-test.ts";
import type { LabWindow } from "./lab-window.ts";
import { testOnRecordedLab as test } from "./shared-labs.ts";

const STORM = "A retrying client runs into its budget";
const OBSERVED = "20 x (allow, upstream_error)";
const EXPECTED = "5 x (allow, upstream_error), budgetExceeded";

/** Without its budget the storm makes 20 calls: the reason of its run has more than 1,500 characters. */
test("the reason of a storm is a line wherever it is shown, with its first difference marked, and whole on demand", async ({
  window,
}) => {
  const { page, run } = window;
  await window.runToEnd(STORM, "Passed");
  await window.runToEnd(STORM, "Failed", "budget");

  await test.step("in the header", async () => {
    await expect(run.header).toContainText(EXPECTED);
    await expect(run.header).toContainText(OBSERVED);
    await expect(run.header.locator("mark")).toHaveText(["budgetExceeded", "20 x"]);
    // The title, what happened, and the result.
    expect(await heightPx(run.header)).toBeLessThan(145);
    await opensWhole(window, run.header);
  });

  await test.step("in the checks", async () => {
    const row = page.getByRole("row", { name: /decisions/ });
    await expect(row.locator("mark")).toHaveText(["budgetExceeded", "20 x"]);
    expect(await heightPx(row)).toBeLessThan(80);
  });

  await test.step("in the inspector, of the run and of the check", async () => {
    await expect(run.inspector).toContainText(OBSERVED);
    expect(await heightPx(run.inspector.getByRole("definition").first())).toBeLessThan(260);
    await opensWhole(window, run.inspector);
    await page.getByRole("button", { name: "decisions", exact: true }).click();
    await expect(run.inspector.locator("mark")).toHaveText(["budgetExceeded", "20 x"]);
    await page.keyboard.press("Escape");
  });

  await test.step("in the list of events", async () => {
    await run.tab("Events");
    await expect(page.getByRole("button", { name: /run.*failed: decisions: expected/ })).toContainText(OBSERVED);
  });

  await test.step("on the presenter's screen", async () => {
    await page.keyboard.press("p");
    const ended = page.getByRole("term").filter({ hasText: "Ended" }).locator("xpath=following-sibling::dd[1]");
    await expect(ended).toContainText(OBSERVED);
    expect(await heightPx(ended)).toBeLessThan(200);
    // Not a second time above.
    await expect(run.header.getByText(OBSERVED)).toBeHidden();
    await expect(run.timeline).toBeInViewport({ ratio: 0.5 });
    await opensWhole(window, ended);
    await page.keyboard.press("Escape");
    await expect(page.getByRole("banner")).toBeVisible();
  });

  await test.step("in a comparison", async () => {
    await page.getByRole("button", { name: "Compare" }).click();
    const decisions = page.getByRole("row", { name: /^Decisions/ });
    await expect(decisions.getByRole("cell")).toHaveText([/5 x \(allow, upstream_error\), budget/, /20 x \(allow/]);
    await expect(decisions.locator("mark")).toHaveText(["budgetExceeded", "20 x"]);
    const check = page.getByRole("row", { name: /^Check: decisions/ });
    await expect(check.locator("mark")).toHaveText(["budgetExceeded", "20 x"]);
    for (const row of [decisions, check]) expect(await heightPx(row)).toBeLessThan(100);
  });

  await test.step("in the history", async () => {
    await window.goTo("History");
    const row = page.getByRole("table", { name: "Runs" }).getByRole("row").filter({ hasText: OBSERVED });
    expect(await heightPx(row)).toBeLessThan(70);
    await expect(row.getByRole("button", { name: "Whole text: Result" })).toBeInViewport({ ratio: 1 });
    await opensWhole(window, row);
  });
});

/** The whole text has every decision; closed by a key, it gives the focus back. */
async function opensWhole({ page }: LabWindow, place: Locator): Promise<void> {
  const opener = place.getByRole("button", { name: "Whole text: Result" });
  await opener.focus();
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog", { name: "Result" });
  await expect(dialog).toBeVisible();
  const text = await dialog.innerText();
  expect(text.match(/list_recent_charges upstream_error/g)).toHaveLength(25);
  expect(text.length).toBeGreaterThan(1_500);
  await page.keyboard.press("Escape");
  await expect(dialog).toBeHidden();
  await expect(opener).toBeFocused();
}

async function heightPx(element: Locator): Promise<number> {
  return (await element.boundingBox())?.height ?? Number.NaN;
}
