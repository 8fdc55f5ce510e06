import type { Locator } from "@playwright/test";
import { expect, test } from "./lab-under-test.ts";
import type { LabWindow } from "./lab-window.ts";
import { ownScenarios } from "./own-scenarios.ts";
import { testOnRecordedLab, testOnSharedLab } from "./shared-labs.ts";

const CRASH = "The MCP server crashes and the tool stays visible";
const TALK = `id: talk
title: Shown to an audience
patterns: [timeout]
steadyState: [{ service: gateway, is: up }]
method:
  - fault: { stop: mock-slack }
  - { wait: 100s, name: People look at what is down }
  - { wait: 1s, name: They see it come back }
expect: [{ within: 200s }]
`;

test.describe("the command palette", () => {
  testOnSharedLab("reports when nothing matches, and restores the focus when it is closed", async ({ window }) => {
    const { page } = window;
    const link = page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "History" });
    await link.focus();
    await openPalette(window);
    await page.keyboard.type("no such thing");
    await expect(palette(window)).toContainText("No matches");
    await page.keyboard.press("Enter");
    await expect(palette(window)).toBeVisible();
    await page.keyboard.press("Escape");
    await expect(palette(window)).toBeHidden();
    await expect(link).toBeFocused();
    await test.step("and clears the query, also when it is reopened at once", async () => {
      await openPalette(window);
      await page.keyboard.type("again");
      await page.keyboard.press("Escape");
      await page.keyboard.press("Control+k");
      await expect(search(window)).toHaveValue("");
      await expect(found(window, "Go to the lab")).toBeVisible();
      await page.keyboard.press("Escape");
    });
    await test.step("and an overlay that replaces it restores the same focus", async () => {
      await expect(link).toBeFocused();
      await openPalette(window);
      await page.keyboard.type("show the shortcuts");
      await page.keyboard.press("Enter");
      await expect(help(window)).toBeVisible();
      await expect(palette(window)).toBeHidden();
      await page.keyboard.press("Escape");
      await expect(help(window)).toBeHidden();
      await expect(link).toBeFocused();
    });
    await test.step("and an overlay opened from a menu restores it to the menu's button", async () => {
      const more = page.getByRole("button", { name: "More: theme, settings, help" });
      await more.focus();
      await page.keyboard.press("Enter");
      await page.getByRole("menuitem", { name: "Shortcuts" }).press("Enter");
      await expect(help(window)).toBeVisible();
      await page.keyboard.press("Escape");
      await expect(help(window)).toBeHidden();
      await expect(more).toBeFocused();
    });
  });

  test("runs a scenario, opens its run and executes a command", async ({ window }) => {
    const { page, run } = window;
    const runAddress = /run\/[\w-]+/;

    await test.step("a scenario is found by words in any order, from any page, and run", async () => {
      await window.goTo("History");
      await openPalette(window);
      await page.keyboard.type("visible crashes");
      await expect(found(window, CRASH)).toHaveCount(1);
      await page.keyboard.press("Enter");
      await expect(palette(window)).toBeHidden();
      await run.isShown(CRASH);
      await run.hasEnded("Passed");
    });
    const address = runAddress.exec(page.url())?.[0] ?? "";

    await test.step("a command is found and executed", async () => {
      await openPalette(window);
      await page.keyboard.type("settings");
      await page.keyboard.press("Enter");
      await expect(page.getByRole("heading", { level: 1, name: "Settings" })).toBeVisible();
    });

    await test.step("a past run is found by its outcome, and opened", async () => {
      await openPalette(window);
      await page.keyboard.type("passed crashes");
      await expect(found(window, /Passed, /)).toHaveCount(1);
      await page.keyboard.press("Enter");
      await run.isShown(CRASH);
      expect(runAddress.exec(page.url())?.[0]).toBe(address);
    });

    await test.step("one that arrives after its query was typed is opened by Enter as well", async () => {
      const held = await holdReplies(window);
      await window.goTo("Lab");
      held.hold();
      await openPalette(window);
      await page.keyboard.type("passed crashes");
      await expect(palette(window)).toContainText("No matches");
      held.release();
      await expect(found(window, /Passed, /)).toHaveCount(1);
      await page.keyboard.press("Enter");
      await run.isShown(CRASH);
    });

    await test.step("the arrow keys select the second entry", async () => {
      await openPalette(window);
      await page.keyboard.type("go to");
      await expect(found(window, "Go to the lab")).toBeVisible();
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("Enter");
      await expect(page.getByRole("heading", { level: 1, name: "Stacks" })).toBeVisible();
    });
  });
});

test.describe("presenter mode", () => {
  testOnRecordedLab.use({ prepared: ownScenarios({ "talk.yaml": TALK }) });

  testOnRecordedLab("shows only a run in large type, and keeps halt and undo available", async ({ window }) => {
    const { page, run } = window;
    const title = page.getByRole("heading", { level: 1, name: "Shown to an audience" });
    const chrome = page.getByRole("navigation", { name: "Pages" });
    const leave = page.getByRole("button", { name: "Leave presenter mode" });
    const shown = (term: "Now" | "Next" | "Ended") =>
      page.getByRole("term").filter({ hasText: term }).locator("xpath=following-sibling::dd[1]");

    await test.step("started on the Lab page, where a manual fault is undone by a key", async () => {
      const lab = page.getByRole("heading", { level: 1, name: "Lab" });
      const plainPx = (await lab.boundingBox())?.height ?? 0;
      await page.keyboard.press("p");
      await expect(chrome).toBeHidden();
      await expect.poll(async () => (await lab.boundingBox())?.height).toBeGreaterThan(plainPx * 1.2);
      await window.service("payments-mcp").click();
      await page.getByRole("button", { name: "Stop payments-mcp" }).click();
      await expect(window.service("payments-mcp")).toHaveAccessibleName(/stopped, down/);
      await page.keyboard.press("Control+Shift+z");
      await expect(page.getByRole("alert").filter({ hasText: "1 fault undone" })).toBeVisible();
      await expect(window.service("payments-mcp")).toHaveAccessibleName(/running, up/);
      await noTooltip(window);
      await page.keyboard.press("Escape");
      await expect(chrome).toBeVisible();
    });

    await test.step("large type, no chrome, and the next step", async () => {
      await window.start("Shown to an audience");
      await noTooltip(window);
      const plainPx = await fontPx(title);
      await page.keyboard.press("p");
      await expect(chrome).toBeHidden();
      await expect(page.getByRole("banner")).toBeHidden();
      expect(await fontPx(title)).toBeGreaterThan(plainPx * 1.5);
      await expect(shown("Now")).toHaveText("People look at what is down");
      await expect(shown("Next")).toHaveText("They see it come back");
      expect(await fontPx(shown("Next"))).toBeGreaterThan(20);
      await expect(run.health("mock-slack")).toHaveAttribute("data-status", "down");
    });

    await test.step("its time advances once a second, since this browser prefers reduced motion", async () => {
      const tookMs = await run.moment.evaluate(async (bar) => {
        const changes: number[] = [];
        await new Promise<void>((resolve) => {
          const observer = new MutationObserver(() => {
            changes.push(performance.now());
            // Three of its texts change once a second, each at its own moment. Drawn frame by frame, it takes 20 frames.
            if (changes.length < 20) return;
            observer.disconnect();
            resolve();
          });
          observer.observe(bar, { subtree: true, characterData: true, childList: true });
        });
        return (changes.at(-1) ?? 0) - (changes[0] ?? 0);
      });
      expect(tookMs).toBeGreaterThan(2_500);
    });

    await test.step("the next step is not covered in a low window", async () => {
      await page.setViewportSize({ width: 1000, height: 480 });
      const { x, y, width, height } = (await shown("Next").boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 };
      const middle = [x + width / 2, y + height / 2] as const;
      const seen = await page.evaluate(([left, top]) => document.elementFromPoint(left, top)?.textContent, middle);
      expect(seen).toBe("They see it come back");
      await page.setViewportSize({ width: 1280, height: 800 });
    });

    await test.step("the undo key shows why it cannot undo faults of the run", async () => {
      await page.keyboard.press("Control+Shift+z");
      await expect(page.getByRole("alert").filter({ hasText: "belongs to the run that is on" })).toBeVisible();
      await expect(run.health("mock-slack")).toHaveAttribute("data-status", "down");
    });

    await test.step("Escape closes an overlay, and presenter mode continues", async () => {
      await page.keyboard.press("?");
      await expect(help(window)).toBeVisible();
      await page.keyboard.press("Escape");
      await expect(help(window)).toBeHidden();
      await openPalette(window);
      await page.keyboard.press("Escape");
      await expect(palette(window)).toBeHidden();
      await expect(leave).toBeVisible();
    });

    await test.step("Escape clears the selection first, and then leaves", async () => {
      await page.keyboard.press("n");
      await expect(run.inspector).toBeVisible();
      await page.keyboard.press("Escape");
      await expect(run.inspector).toBeHidden();
      await expect(leave).toBeVisible();
      await page.keyboard.press("Escape");
      await expect(leave).toBeHidden();
      await expect(chrome).toBeVisible();
    });

    await test.step("the button leaves too, and the keys still work", async () => {
      await page.keyboard.press("p");
      await expect(chrome).toBeHidden();
      await leave.click();
      await expect(chrome).toBeVisible();
      await page.keyboard.press("p");
      await expect(chrome).toBeHidden();
    });

    await test.step("halted by a key, the run ends, and its end replaces the next step", async () => {
      await page.keyboard.press("Control+.");
      await expect(page.getByText("The lab is halted: every fault is undone")).toBeVisible();
      await expect(run.header.getByText("Cancelled", { exact: true })).toBeVisible();
      await expect(shown("Ended")).toHaveText("Cancelled by a person");
      await expect(shown("Next")).toBeHidden();
      await expect(run.health("mock-slack")).toHaveAttribute("data-status", "up");
      await page.getByRole("button", { name: "Arm the lab" }).click();
      await expect(page.getByRole("button", { name: "Arm the lab" })).toBeHidden();
    });
  });
});

testOnRecordedLab("a cleared selection is not restored by the next key", async ({ window, runs }) => {
  const { page, run } = window;
  await window.openAddress(`#/run/${runs.passed}`);
  await run.hasEnded("Passed");
  const whole = page.url();
  await page.keyboard.press("n");
  // The address contains the moment, and is updated with a delay.
  await expect(page).not.toHaveURL(whole);
  await page.keyboard.press("Escape");
  await page.keyboard.press("p");
  await expect(page.getByRole("banner")).toBeHidden();
  await expect(page).toHaveURL(whole);
});

/** The first Escape closes the tooltip of the control under the pointer. */
async function noTooltip({ page }: LabWindow): Promise<void> {
  await page.mouse.move(0, 0);
  await expect(page.getByRole("tooltip")).toHaveCount(0);
}

function palette({ page }: LabWindow): Locator {
  return page.getByRole("dialog", { name: "Command palette" });
}

function help({ page }: LabWindow): Locator {
  return page.getByRole("dialog", { name: "Shortcuts" });
}

function search(window: LabWindow): Locator {
  return palette(window).getByRole("textbox", { name: "Find a command, a scenario or a run" });
}

/** An entry of the palette. */
function found(window: LabWindow, name: string | RegExp): Locator {
  return palette(window).getByRole("button", { name });
}

async function openPalette(window: LabWindow): Promise<void> {
  await window.page.keyboard.press("Control+k");
  await expect(search(window)).toBeFocused();
}

/** Loads the page again, so that what the lab sends to it can be held back. */
async function holdReplies({ page }: LabWindow): Promise<{ hold(): void; release(): void }> {
  let held: (() => void)[] | undefined;
  await page.routeWebSocket(/\/lab$/, (socket) => {
    socket.connectToServer().onMessage((message) => {
      if (held === undefined) socket.send(message);
      else held.push(() => socket.send(message));
    });
  });
  await page.reload();
  return {
    hold: () => {
      held = [];
    },
    release: () => {
      for (const send of held ?? []) send();
      held = undefined;
    },
  };
}

async function fontPx(element: Locator): Promise<number> {
  return element.evaluate((shown) => Number.parseFloat(getComputedStyle(shown).fontSize));
}
