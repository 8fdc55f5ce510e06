import { expect } from "@playwright/test";
import type { LabWindow } from "./lab-window.ts";

/** Every page there is, brought to a state worth looking at; the window has one passed and one failed run. */
export const PAGES: { name: string; open: (window: LabWindow, runs: Runs) => Promise<void> }[] = [
  { name: "lab", open: (window) => window.openAddress("#/lab").then(() => window.isOpen()) },
  {
    name: "lab-service",
    async open(window) {
      await window.openAddress("#/lab");
      await window.service("gateway").click();
    },
  },
  {
    name: "run",
    async open(window, { passed }) {
      await window.openAddress(`#/run/${passed}`);
      await window.run.hasEnded("Passed");
      await expect(window.run.header.getByRole("button", { name: "Compare" })).toBeEnabled();
    },
  },
  {
    name: "run-selected",
    async open(window, { passed }) {
      await window.openAddress(`#/run/${passed}?t=600`);
      await window.run.hasEnded("Passed");
      await window.run.tab("Events");
      await window.page.keyboard.press("n");
    },
  },
  {
    name: "presenter",
    async open(window, { passed }) {
      await window.openAddress(`#/run/${passed}`);
      await window.run.hasEnded("Passed");
      await window.page.keyboard.press("p");
      await expect(window.page.getByText("Ended", { exact: true })).toBeVisible();
    },
  },
  {
    name: "compare",
    async open(window, { passed, failed }) {
      await window.openAddress(`#/compare/${passed}/${failed}`);
      await expect(window.page.getByRole("region", { name: "What differs" })).toBeVisible();
    },
  },
  {
    name: "history",
    async open(window) {
      await window.openAddress("#/history");
      await expect(window.page.getByRole("link", { name: /MCP server crashes/ }).first()).toBeVisible();
    },
  },
  {
    name: "approvals",
    async open(window) {
      await window.openAddress("#/approvals");
      await expect(window.page.getByRole("heading", { name: "Decided", exact: true })).toBeVisible();
    },
  },
  {
    name: "scenarios",
    async open(window) {
      await window.openAddress("#/scenarios/mcp-crash");
      await expect(window.page.getByText("payments-mcp is up").first()).toBeVisible();
    },
  },
  { name: "settings", open: (window) => openNamed(window, "settings", "Settings") },
  { name: "about", open: (window) => openNamed(window, "about", "Resilience Lab") },
  {
    name: "palette",
    async open(window) {
      await window.openAddress("#/lab");
      await window.isOpen();
      await window.page.keyboard.press("Control+k");
      await expect(window.page.getByPlaceholder("A command, a scenario or a run")).toBeVisible();
    },
  },
  {
    name: "help",
    async open(window) {
      await window.openAddress("#/lab");
      await window.isOpen();
      // The keys belong to the palette until it is gone.
      await expect(window.page.getByRole("dialog")).toHaveCount(0);
      await window.page.keyboard.press("?");
      await expect(window.page.getByRole("dialog", { name: "Shortcuts" })).toBeVisible();
    },
  },
];

export interface Runs {
  passed: string;
  failed: string;
}

async function openNamed(window: LabWindow, place: string, heading: string): Promise<void> {
  await window.openAddress(`#/${place}`);
  await expect(window.page.getByRole("heading", { level: 1, name: heading })).toBeVisible();
}

const CRASH = "The MCP server crashes and the tool stays visible";

/** Two runs of one scenario, with and without what protects from its failure. */
export async function makeRuns(window: LabWindow): Promise<Runs> {
  await window.runToEnd(CRASH, "Passed");
  const passed = shownRun(window);
  await window.runToEnd(CRASH, "Failed", "capability-cache");
  return { passed, failed: shownRun(window) };
}

function shownRun(window: LabWindow): string {
  return /run\/([\w-]+)/.exec(window.page.url())?.[1] ?? "";
}
