import { join } from "node:path";
import Database from "better-sqlite3";
import { AGAIN_IN_THE_APP, expect, test } from "./lab-under-test.ts";

const TIMEOUT = "An approval expires while Slack is down";
const CRASH = "The MCP server crashes and the tool stays visible";

test("a run is cancelled, and what it broke is put back", AGAIN_IN_THE_APP, async ({ window, host }) => {
  const { page, run } = window;
  await window
    .card(TIMEOUT)
    .getByRole("button", { name: `Run ${TIMEOUT}`, exact: true })
    .dblclick();
  await run.isShown(TIMEOUT);
  await expect(page.getByText("stop mock-slack").first()).toBeVisible();
  await expect(run.health("mock-slack")).toHaveAttribute("data-status", "down");
  await test.step("what runs and what stops it is in reach in the smallest window too", async () => {
    await page.setViewportSize({ width: 900, height: 600 });
    await expect(window.nowRunning.getByRole("link")).toBeInViewport({ ratio: 1 });
    for (const name of ["Cancel", "Halt"]) {
      await expect(page.getByRole("banner").getByRole("button", { name, exact: true })).toBeInViewport({ ratio: 1 });
    }
    await expect(page.getByRole("button", { name: "More: theme, settings, help" })).toBeInViewport({ ratio: 1 });
    await page.setViewportSize({ width: 1280, height: 800 });
  });
  await expect(window.undoAll).toHaveAccessibleDescription(/cancel the run, or halt, to have that now/);
  await page.getByRole("button", { name: "Cancel the run" }).press("Enter");
  await run.hasEnded("Cancelled");
  await expect(page.getByRole("button", { name: "Run again" })).toBeFocused();
  await expect(run.health("mock-slack")).toHaveAttribute("data-status", "up");
  await window.nothingRuns();
  await test.step("a double click has started it once", async () => {
    await window.goTo("History");
    await expect(page.getByRole("link", { name: TIMEOUT })).toHaveCount(1);
  });
  await test.step("a queue that is cancelled is told of by the run that was on, and not by all that never began", async () => {
    await window.start(TIMEOUT);
    await window.goTo("Lab");
    await page.getByRole("button", { name: "Run all" }).click();
    await page.getByRole("button", { name: "Cancel all" }).click();
    await window.nothingRuns();
    // The desktop app tells of it by the system's own notices.
    await expect(page.getByRole("alert")).toHaveText(host === "browser" ? [new RegExp(`: ${TIMEOUT}`)] : []);
  });
  await test.step("a run is deleted after asking, from the list and from its own page, and the focus stays on the page", async () => {
    const dialog = page.getByRole("dialog", { name: "Delete 1 run?" });
    await window.goTo("History");
    const runs = page.getByRole("link", { name: TIMEOUT });
    await expect(runs).toHaveCount(2);
    await page
      .getByRole("button", { name: `Delete ${TIMEOUT}` })
      .first()
      .click();
    await dialog.getByRole("button", { name: "Delete 1 run" }).click();
    await expect(runs).toHaveCount(1);
    await expect(page.getByRole("main")).toBeFocused();
    await runs.click();
    await page.getByRole("button", { name: "More for this run" }).click();
    await page.getByRole("menuitem", { name: "Delete" }).click();
    await dialog.getByRole("button", { name: "Delete 1 run" }).click();
    await expect(page.getByText("No run is kept yet")).toBeVisible();
    await expect(page.getByRole("main")).toBeFocused();
  });
});

test(
  "a service is broken by hand, everything is undone, and the lab is halted and armed",
  AGAIN_IN_THE_APP,
  async ({ window }) => {
    const { page } = window;
    await expect(window.undoAll).toHaveAttribute("aria-disabled", "true");
    await window.bringUp();

    await test.step("stop a service from the map", async () => {
      await window.service("payments-mcp").click();
      await page.getByRole("button", { name: "Stop payments-mcp" }).click();
      await expect(window.service("payments-mcp")).toHaveAccessibleName(/stopped, down/);
      await expect(page.getByRole("button", { name: "Kill payments-mcp" })).toHaveAttribute("aria-disabled", "true");
    });

    await test.step("a disabled control says why, also to those who do not use a pointer", async () => {
      const kill = page.getByRole("button", { name: "Kill payments-mcp" });
      await expect(kill).toHaveAccessibleDescription(/restore it first/);
      await page.getByRole("button", { name: "Stop payments-mcp" }).focus();
      await page.keyboard.press("Tab");
      await expect(kill).toBeFocused();
      await expect(page.getByRole("tooltip").filter({ hasText: "restore it first" })).toBeVisible();
    });

    await test.step("break a link from the map, and restore it", async () => {
      const link = window.link("gateway->mock-slack");
      await window.clickOnLine(link);
      await page.getByRole("combobox", { name: "Fault" }).click();
      await page.getByRole("option", { name: "down", exact: true }).click();
      await page.getByRole("button", { name: "Break the link" }).click();
      await expect(link).toHaveAccessibleName(/down in force/);
      await page.getByRole("button", { name: "Restore gateway->mock-slack" }).click();
      await expect(link).toHaveAccessibleName("link gateway->mock-slack");
    });

    await test.step("undo all is in reach on every page", async () => {
      await window.goTo("History");
      await window.undoAll.click();
      await expect(window.undoAll).toHaveAttribute("aria-disabled", "true", { timeout: 60_000 });
      await window.goTo("Lab");
      await expect(window.service("payments-mcp")).toHaveAccessibleName(/running, up/);
    });

    await test.step("what was done by hand is a run like any other", async () => {
      await window.goTo("History");
      await expect(page.getByRole("link", { name: /by hand/i }).first()).toBeVisible();
    });

    await test.step("halted by a key, nothing can be broken until the lab is armed", async () => {
      await page.keyboard.press("ControlOrMeta+.");
      await expect(page.getByText("The lab is halted: everything was put back")).toBeVisible();
      await window.goTo("Lab");
      const start = window.card(TIMEOUT).getByRole("button", { name: `Run ${TIMEOUT}`, exact: true });
      await expect(start).toHaveAccessibleDescription(/arm it first/);
      await page.getByRole("button", { name: "Arm the lab" }).press("Enter");
      await expect(page.getByRole("main")).toBeFocused();
      await expect(start).not.toHaveAttribute("aria-disabled");
    });
  },
);

test("what a run could not put back is told on every page, and put back when a person asks again", async ({
  window,
  home,
}) => {
  const { page } = window;
  const banner = page.getByRole("alert").filter({ hasText: "Left broken by a run that is over: stop payments-mcp" });
  await window.bringUp();
  const letStart = keepFromStarting(home, "payments-mcp");
  await window.runToEnd(CRASH, "Residue");
  await expect(banner).toBeVisible();
  await window.goTo("History");
  await expect(banner).toBeVisible();
  await test.step("in vain while it cannot be started", async () => {
    await banner.getByRole("button", { name: "Try again to put it back" }).click();
    await expect(page.getByRole("alert").filter({ hasText: "Something is not as it was" })).toBeVisible();
    await expect(banner).toBeVisible();
  });
  await test.step("told by a halt, too, as long as it is so", async () => {
    await page.keyboard.press("ControlOrMeta+.");
    await expect(page.getByRole("status").filter({ hasText: "The lab is halted" })).toContainText(
      "Still in force: stop payments-mcp",
    );
  });
  letStart();
  await banner.getByRole("button", { name: "Try again to put it back" }).click();
  await expect(banner).toBeHidden({ timeout: 60_000 });
  await expect(page.getByText("The lab is halted: everything was put back")).toBeVisible();
  await window.goTo("Lab");
  await expect(window.service("payments-mcp")).toHaveAccessibleName(/running, up/);
});

test("what someone else has broken is told on every page, and restored when a person asks", async ({
  window,
  home,
}) => {
  const { page } = window;
  const banner = page
    .getByRole("alert")
    .filter({ hasText: "Broken, and not by a fault of the lab: mock-slack is paused" });
  await window.bringUp();
  await expect(window.undoAll).toHaveAttribute("aria-disabled", "true");
  await window.service("mock-slack").click();
  await expect(page.getByRole("button", { name: "Disconnect mock-slack" })).toHaveCount(0);
  process.kill(pidOf(home, "mock-slack"), "SIGSTOP");
  await expect(banner).toBeVisible({ timeout: 60_000 });
  await expect(window.undoAll).toHaveAccessibleName("Undo all (1)");
  await window.goTo("History");
  await banner.getByRole("button", { name: "Restore" }).click();
  await expect(banner).toBeHidden({ timeout: 60_000 });
  await window.goTo("Lab");
  await expect(window.service("mock-slack")).toHaveAccessibleName(/running, up/);
});

function pidOf(home: string, service: string): number {
  const journal = new Database(join(home, "journal.db"), { readonly: true });
  const pid = journal.prepare("SELECT pid FROM processes WHERE service = ?").pluck().get(service);
  journal.close();
  return Number(pid);
}

/** As if its program had been uninstalled meanwhile. Returns what puts it back. */
function keepFromStarting(home: string, service: string): () => void {
  const change = (launch: (before: string) => string) => {
    const journal = new Database(join(home, "journal.db"));
    const before = String(journal.prepare("SELECT launch FROM processes WHERE service = ?").pluck().get(service));
    journal.prepare("UPDATE processes SET launch = ? WHERE service = ?").run(launch(before), service);
    journal.close();
    return before;
  };
  const before = change((launch) => JSON.stringify({ ...JSON.parse(launch), command: ["no-such-program"] }));
  return () => void change(() => before);
}
