import { failingStreams } from "./failing-streams.ts";
import { expect, test } from "./lab-under-test.ts";
import { LabWindow } from "./lab-window.ts";
import { testOnRecordedLab } from "./shared-labs.ts";

const TIMEOUT = "An approval expires while Slack is down";
const CRASH = "The MCP server crashes and the tool stays visible";

testOnRecordedLab(
  "a stream that fails is reported where its data is shown, and continues on request",
  async ({ browserLab: lab, page }) => {
    const streams = await failingStreams(page);
    const window = await lab.open(page);
    await window.isOpen();
    await window.start(TIMEOUT);
    await expect(window.run.health("mock-slack")).toHaveAttribute("data-status", "down");

    await test.step("the events of the run", async () => {
      streams.fail("run", "the disk cannot be read");
      const notice = page.getByRole("alert").filter({ hasText: "the disk cannot be read" });
      await expect(notice).toContainText(/This run is shown up to .* only; its later events do not arrive/);
      await expect(window.run.header.getByText("Unknown", { exact: true })).toBeVisible();
      await expect(window.run.moment).toContainText("Last known at");
      await notice.getByRole("button", { name: "Try again" }).click();
      await expect(notice).toBeHidden();
    });

    await test.step("the state of the lab", async () => {
      streams.fail("lab", "the stack cannot be read");
      await expect(window.banner).toContainText("no longer updated: the stack cannot be read");
      await window.banner.getByRole("button", { name: "Try again" }).click();
      await expect(window.banner).toBeHidden();
    });
    await window.run.hasEnded("Passed");
    await window.nothingRuns();
  },
);

test("a deleted run is no longer shown: by Back, and in another window that has it open", async ({
  window,
  context,
}) => {
  const { page, run } = window;
  await window.runToEnd(CRASH, "Passed");
  const other = new LabWindow(await context.newPage(), window.origin);
  await other.page.goto(page.url());
  await other.run.hasEnded("Passed");

  await page.getByRole("button", { name: "More for this run" }).click();
  await page.getByRole("menuitem", { name: "Delete" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete 1 run" }).click();
  await expect(page.getByText("No runs yet")).toBeVisible();
  await expect(page.getByRole("main")).toBeFocused();

  const deleted = { name: "This run was deleted" };
  await expect(other.page.getByRole("heading", deleted)).toBeVisible();
  await page.goBack();
  await expect(page.getByRole("heading", deleted)).toBeVisible();
  await expect(run.timeline).toHaveCount(0);
  await page.getByRole("button", { name: "Go to the history" }).click();
  await expect(page.getByText("No runs yet")).toBeVisible();
});
