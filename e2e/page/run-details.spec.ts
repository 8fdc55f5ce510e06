import type { Locator } from "@playwright/test";
import { expect } from "./lab-under-test.ts";
import { testOnRecordedLab as test } from "./shared-labs.ts";

test("a double click on the axis or the lanes shows the whole run and leaves the moment and the selection", async ({
  window,
  runs,
}) => {
  const { page, run } = window;
  await window.openAddress(`#/run/${runs.passed}`);
  await run.hasEnded("Passed");
  // Without the mark of the moment, which has no text.
  const ticks = async () => (await run.ticks()).filter((tick) => tick !== "");
  const whole = await ticks();
  const axis = page.getByTestId("time-axis");
  for (const where of [axis, run.timeline]) {
    await test.step("at the end", async () => {
      await run.zoomTo(0.2, 0.5);
      await expect.poll(ticks).not.toEqual(whole);
      await where.dblclick({ position: { x: 300, y: 3 } });
      await expect.poll(ticks).toEqual(whole);
      await expect(run.moment).toContainText("At the end");
    });
    await test.step("at an earlier moment, with a selection", async () => {
      await page.keyboard.press("n");
      // The selection, and not what the first press of the double click showed for a moment.
      await page.waitForURL(/[?&]event=/);
      await expect(run.moment).not.toContainText("At the end");
      const [moment, selected] = [await run.moment.innerText(), await run.inspector.innerText()];
      await where.dblclick({ position: { x: 40, y: 3 } });
      await expect.poll(ticks).toEqual(whole);
      await expect(run.moment).toHaveText(moment.replaceAll(/\s+/g, " "));
      expect(await run.inspector.innerText()).toBe(selected);
      await page.keyboard.press("Escape");
    });
  }
  await test.step("one click still moves the moment", async () => {
    await axis.click({ position: { x: 300, y: 3 } });
    await expect(run.moment).not.toContainText("At the end");
  });
});

test("the columns of the checks stay where they are, whichever check is shown", async ({ window, runs }) => {
  const { page } = window;
  await window.openAddress(`#/run/${runs.failed}`);
  await window.run.hasEnded("Failed");
  const heads = page.getByRole("columnheader");
  await expect(heads).toHaveText(["Result", "Check", "Expected", "Observed"]);
  const before = await columnsPx(heads);
  const rows = await page.getByRole("row").count();
  // At the moment of a check later ones are not there yet.
  await page.getByRole("button", { name: "mustInclude", exact: true }).click();
  await expect.poll(() => page.getByRole("row").count()).toBeLessThan(rows);
  expect(await columnsPx(heads)).toEqual(before);
});

test("a response is laid out as its arguments are", async ({ window, runs }) => {
  const { page, run } = window;
  await window.openAddress(`#/run/${runs.approved}`);
  await run.hasEnded("Passed");
  await run.tab("Tool calls");
  await page.getByRole("button", { name: /create_refund/ }).click();
  const response = run.inspector.getByRole("region", { name: "Response" });
  await expect(response).toContainText(/\{\n {2}"\w+":/);
});

/** Left edge and width of each column. */
async function columnsPx(heads: Locator): Promise<number[][]> {
  return heads.evaluateAll((all) =>
    all.map((head) => {
      const { left, width } = head.getBoundingClientRect();
      return [Math.round(left), Math.round(width)];
    }),
  );
}
