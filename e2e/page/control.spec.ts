import { join } from "node:path";
import Database from "better-sqlite3";
import { expect, test } from "./lab-under-test.ts";
import { testOnRecordedLab } from "./shared-labs.ts";

const TIMEOUT = "An approval expires while Slack is down";
const CRASH = "The MCP server crashes and the tool stays visible";

test("a run is cancelled, and its faults are undone", async ({ window }) => {
  const { page, run } = window;
  await window
    .card(TIMEOUT)
    .getByRole("button", { name: `Run ${TIMEOUT}`, exact: true })
    .dblclick();
  await run.isShown(TIMEOUT);
  await expect(page.getByText("stop mock-slack").first()).toBeVisible();
  await expect(run.health("mock-slack")).toHaveAttribute("data-status", "down");
  await test.step("the run and its cancel button are reachable in the smallest window", async () => {
    await page.setViewportSize({ width: 900, height: 600 });
    await expect(window.nowRunning.getByRole("link")).toBeInViewport({ ratio: 1 });
    for (const name of ["Cancel", "Halt"]) {
      await expect(page.getByRole("banner").getByRole("button", { name, exact: true })).toBeInViewport({ ratio: 1 });
    }
    await expect(page.getByRole("button", { name: "More: theme, settings, help" })).toBeInViewport({ ratio: 1 });
    await page.setViewportSize({ width: 1280, height: 800 });
  });
  await expect(window.undoAll).toHaveAccessibleDescription(/Cancel the run or halt to undo them now/);
  await page.getByRole("button", { name: "Cancel the run" }).press("Enter");
  await run.hasEnded("Cancelled");
  await expect(page.getByRole("button", { name: "Run again" })).toBeFocused();
  await expect(run.health("mock-slack")).toHaveAttribute("data-status", "up");
  await window.nothingRuns();
  await test.step("a double click starts it once", async () => {
    await window.goTo("History");
    await expect(page.getByRole("link", { name: TIMEOUT })).toHaveCount(1);
  });
  await test.step("cancelling a queue notifies about the run in progress, not about runs that never started", async () => {
    await window.start(TIMEOUT);
    await window.goTo("Lab");
    await page.getByRole("button", { name: "Run all" }).click();
    await page.getByRole("button", { name: "Cancel all" }).click();
    // Before anything else, since it closes by itself.
    const notices = page.getByRole("alert");
    await expect(notices).toHaveText([new RegExp(`: ${TIMEOUT}`)]);
    await window.nothingRuns();
    await expect(notices.filter({ hasNotText: TIMEOUT })).toHaveCount(0);
  });
  await test.step("a run is deleted after confirmation, from the list and from its own page, and the focus stays on the page", async () => {
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
    await expect(page.getByText("No runs yet")).toBeVisible();
    await expect(page.getByRole("main")).toBeFocused();
  });
});

testOnRecordedLab(
  "a manual fault is applied, everything is undone, and the lab is halted and armed",
  async ({ window }) => {
    const { page } = window;
    await expect(window.undoAll).toHaveAttribute("aria-disabled", "true");

    await test.step("stop a service from the map", async () => {
      await window.service("payments-mcp").click();
      await page.getByRole("button", { name: "Stop payments-mcp" }).click();
      await expect(window.service("payments-mcp")).toHaveAccessibleName(/stopped, down/);
      await expect(page.getByRole("button", { name: "Kill payments-mcp" })).toHaveAttribute("aria-disabled", "true");
    });

    await test.step("a disabled control shows the reason, also without a pointer", async () => {
      const kill = page.getByRole("button", { name: "Kill payments-mcp" });
      await expect(kill).toHaveAccessibleDescription(/restore it first/);
      await page.getByRole("button", { name: "Stop payments-mcp" }).focus();
      await page.keyboard.press("Tab");
      await expect(kill).toBeFocused();
      await expect(page.getByRole("tooltip").filter({ hasText: "restore it first" })).toBeVisible();
    });

    await test.step("break a link on the map and restore it", async () => {
      const link = window.link("gateway->mock-slack");
      await window.clickOnLine(link);
      await page.getByRole("combobox", { name: "Fault" }).click();
      await page.getByRole("option", { name: "down", exact: true }).click();
      await page.getByRole("button", { name: "Break the link" }).click();
      await expect(link).toHaveAccessibleName(/down in force/);
      await page.getByRole("button", { name: "Restore gateway->mock-slack" }).click();
      await expect(link).toHaveAccessibleName("link gateway->mock-slack");
    });

    await test.step("Undo all is available on every page", async () => {
      await window.goTo("History");
      await window.undoAll.click();
      await expect(window.undoAll).toHaveAttribute("aria-disabled", "true");
      await window.goTo("Lab");
      await expect(window.service("payments-mcp")).toHaveAccessibleName(/running, up/);
    });

    await test.step("manual faults are in the history as a run", async () => {
      await window.goTo("History");
      await expect(page.getByRole("link", { name: /manual session/i }).first()).toBeVisible();
    });

    await test.step("halted by a key, nothing can be broken until the lab is armed", async () => {
      await page.keyboard.press("ControlOrMeta+.");
      await expect(page.getByText("The lab is halted: every fault is undone")).toBeVisible();
      await window.goTo("Lab");
      const start = window.card(TIMEOUT).getByRole("button", { name: `Run ${TIMEOUT}`, exact: true });
      await expect(start).toHaveAccessibleDescription(/arm it first/);
      await page.getByRole("button", { name: "Arm the lab" }).press("Enter");
      await expect(page.getByRole("main")).toBeFocused();
      await expect(start).not.toHaveAttribute("aria-disabled");
    });
  },
);

testOnRecordedLab(
  "faults that a run could not undo are shown on every page, and undone on retry",
  async ({ window, home }) => {
    const { page } = window;
    const banner = page.getByRole("alert").filter({ hasText: "Not undone after a run: stop payments-mcp" });
    const letStart = keepFromStarting(home, "payments-mcp");
    await window.runToEnd(CRASH, "Residue");
    await expect(banner).toBeVisible();
    await window.goTo("History");
    await expect(banner).toBeVisible();
    await test.step("fails while the service cannot be started", async () => {
      await banner.getByRole("button", { name: "Retry undo" }).click();
      await expect(page.getByRole("alert").filter({ hasText: "Not everything was restored" })).toBeVisible();
      await expect(banner).toBeVisible();
    });
    await test.step("is also shown after a halt", async () => {
      await page.keyboard.press("ControlOrMeta+.");
      await expect(page.getByRole("status").filter({ hasText: "The lab is halted" })).toContainText(
        "Still in force: stop payments-mcp",
      );
    });
    letStart();
    await banner.getByRole("button", { name: "Retry undo" }).click();
    await expect(banner).toBeHidden();
    await expect(page.getByText("The lab is halted: every fault is undone")).toBeVisible();
    await page.getByRole("button", { name: "Arm the lab" }).click();
    await window.goTo("Lab");
    await expect(window.service("payments-mcp")).toHaveAccessibleName(/running, up/);
    await expect(page.getByRole("button", { name: "Arm the lab" })).toBeHidden();
  },
);

testOnRecordedLab(
  "damage caused by someone else is shown on every page, and restored on request",
  async ({ window, home }) => {
    const { page } = window;
    const banner = page.getByRole("alert").filter({ hasText: "Damage not caused by the lab: mock-slack is paused" });
    await expect(window.undoAll).toHaveAttribute("aria-disabled", "true");
    await window.service("mock-slack").click();
    await expect(page.getByRole("button", { name: "Disconnect mock-slack" })).toHaveCount(0);
    process.kill(pidOf(home, "mock-slack"), "SIGSTOP");
    await expect(banner).toBeVisible();
    await expect(window.undoAll).toHaveAccessibleName("Undo all (1)");
    await window.goTo("History");
    await banner.getByRole("button", { name: "Restore" }).click();
    await expect(banner).toBeHidden();
    await window.goTo("Lab");
    await expect(window.service("mock-slack")).toHaveAccessibleName(/running, up/);
  },
);

function pidOf(home: string, service: string): number {
  const journal = new Database(join(home, "journal.db"), { readonly: true });
  const pid = journal.prepare("SELECT pid FROM processes WHERE service = ?").pluck().get(service);
  journal.close();
  return Number(pid);
}

/** Simulates that its program was uninstalled. Returns a function that restores it. */
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
