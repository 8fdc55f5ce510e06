import { AGAIN_IN_THE_APP, expect, test } from "./lab-under-test.ts";

const CRASH = "The MCP server crashes and the tool stays visible";

test(
  "everything works without a pointer: find, run, read, scrub, break, undo and halt",
  AGAIN_IN_THE_APP,
  async ({ window }) => {
    const { page, run } = window;
    const { keyboard } = page;

    await test.step("the first Tab skips the navigation", async () => {
      await keyboard.press("Tab");
      await expect(page.getByRole("button", { name: "Skip to the page" })).toBeFocused();
      await keyboard.press("Enter");
      await expect(page.locator("main")).toBeFocused();
    });

    await test.step("the second Tab skips the scenarios, and the map of the stack is next", async () => {
      await page.reload();
      await window.isComplete();
      await keyboard.press("Tab");
      await keyboard.press("Tab");
      await expect(page.getByRole("button", { name: "Skip to the stack" })).toBeFocused();
      await keyboard.press("Enter");
      await expect(page.getByRole("complementary", { name: "The stack" })).toBeFocused();
      const power = page.getByRole("button", { name: "Bring up" });
      await keyboard.press("Tab");
      await expect(page.getByRole("complementary", { name: "The stack" }).getByRole("link")).toBeFocused();
      await keyboard.press("Tab");
      await expect(power).toBeFocused();
      await keyboard.press("Tab");
      await expect(page.getByRole("group", { name: "Map of the stack" }).locator(":focus")).toHaveCount(1);
    });

    await test.step("find and run a scenario", async () => {
      await keyboard.press("Control+k");
      await expect(page.getByRole("textbox", { name: "Find a command, a scenario or a run" })).toBeFocused();
      await keyboard.type("crashes and the tool");
      await expect(
        page
          .getByRole("button", { name: CRASH })
          .or(page.getByRole("option", { name: CRASH }))
          .first(),
      ).toBeVisible();
      await keyboard.press("Enter");
      await run.isShown(CRASH);
      await run.hasEnded("Passed");
    });

    await test.step("go from failure to failure and along the axis", async () => {
      await keyboard.press("n");
      // The probe and the call both fail, in either order.
      await expect(run.inspector).toContainText(/down|upstream_error/);
      await keyboard.press("Escape");
      await run.timeline.focus();
      await keyboard.press("Home");
      await expect(run.timeline).toHaveAttribute("aria-valuenow", "0");
      await keyboard.press("ArrowRight");
      await keyboard.press("ArrowRight");
      await expect(run.moment).toContainText("At");
      const before = await run.ticks();
      await keyboard.press("+");
      await keyboard.press("+");
      await expect.poll(() => run.ticks()).not.toEqual(before);
      await keyboard.press("0");
      await expect.poll(() => run.ticks()).toEqual(before);
      await keyboard.press("End");
      await expect(run.moment).toContainText("At the end");
    });

    await test.step("the shortcuts are listed, and two keys open each page", async () => {
      await keyboard.press("?");
      const help = page.getByRole("dialog", { name: "Shortcuts" });
      await expect(help).toContainText("Next failure");
      await keyboard.press("Escape");
      await expect(help).toBeHidden();
      for (const [keys, heading] of [
        ["gh", "History"],
        ["gl", "Lab"],
      ] as const) {
        for (const key of keys) await keyboard.press(key);
        await expect(page.getByRole("heading", { name: heading, exact: true }).first()).toBeVisible();
      }
    });

    await test.step("a focused switch does not block the shortcuts", async () => {
      await window.openAddress("#/settings");
      await page.getByRole("switch", { name: "Presenter mode" }).focus();
      await keyboard.press("Space");
      const leave = page.getByRole("button", { name: "Leave presenter mode" });
      await expect(leave).toBeVisible();
      await keyboard.press("p");
      await expect(leave).toBeHidden();
      await window.openAddress("#/lab");
    });

    await test.step("break a service and restore it", async () => {
      await window.service("mock-slack").focus();
      await keyboard.press("Enter");
      await page.getByRole("button", { name: "Stop mock-slack" }).focus();
      await keyboard.press("Enter");
      await expect(window.service("mock-slack")).toHaveAccessibleName(/stopped/);
      await keyboard.press("Control+Shift+z");
      await expect(window.service("mock-slack")).toHaveAccessibleName(/running, up/);
    });

    await test.step("halt everything and arm the lab", async () => {
      await keyboard.press("ControlOrMeta+.");
      await expect(page.getByText("The lab is halted: every fault is undone")).toBeVisible();
      await page.getByRole("button", { name: "Arm the lab" }).focus();
      await keyboard.press("Enter");
      await expect(page.getByRole("button", { name: "Arm the lab" })).toBeHidden();
      await expect(page.getByRole("main")).toBeFocused();
    });
  },
);
