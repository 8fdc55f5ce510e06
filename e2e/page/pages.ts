import { expect } from "../expect.ts";
import type { LabWindow } from "./lab-window.ts";

interface PictureOf {
  name: string;
  open: (window: LabWindow, runs: Runs) => Promise<void>;
  /** Selectors of what differs from another page of this list. */
  differsIn?: string[];
  /** Called, after an Escape, before the next page is opened. */
  leave?: (window: LabWindow) => Promise<void>;
}

const STACK = '[aria-labelledby="stack-title"]';
const DIALOG = '[role="dialog"]';

/** Every page in a representative state, on a stack that is up, and leaves it so. */
export const PAGES: PictureOf[] = [
  { name: "lab", open: (window) => window.openAddress("#/lab").then(() => window.isOpen()) },
  {
    name: "lab-service",
    differsIn: [STACK],
    async open(window) {
      await window.openAddress("#/lab");
      await window.service("gateway").click();
    },
  },
  {
    name: "lab-broken",
    differsIn: ["header", STACK],
    async open(window) {
      await window.openAddress("#/lab");
      await window.service("payments-mcp").click();
      await window.page.getByRole("button", { name: "Stop payments-mcp" }).click();
      await expect(window.service("payments-mcp")).toHaveAccessibleName(/stopped, down/);
    },
    async leave(window) {
      await window.undoAll.click();
      await expect(window.undoAll).toHaveAttribute("aria-disabled", "true");
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
    name: "run-waterfall",
    differsIn: ['[aria-label="Details of the run"]'],
    async open(window, { passed }) {
      await window.openAddress(`#/run/${passed}`);
      await window.run.tab("Waterfall");
      await expect(window.page.getByRole("list", { name: "Colours" })).toContainText("gateway");
    },
  },
  {
    name: "evaluate",
    async open(window, { passed }) {
      await window.openAddress(`#/evaluate/${passed}`);
      await expect(window.page.getByRole("heading", { level: 1, name: "Evaluate" })).toBeVisible();
      await expect(window.page.getByRole("region", { name: "Entries" }).getByRole("link")).toBeVisible();
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
      await expect(window.page.getByRole("region", { name: "Differences" })).toBeVisible();
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
    name: "history-delete",
    differsIn: [DIALOG],
    async open(window) {
      await window.openAddress("#/history");
      await window.page
        .getByRole("button", { name: /^Delete .*MCP server crashes/ })
        .first()
        .click();
      await expect(window.page.getByRole("dialog", { name: /^Delete/ })).toBeVisible();
    },
  },
  {
    name: "approvals",
    async open(window) {
      await window.openAddress("#/approvals");
      await expect(window.page.getByRole("row").filter({ hasText: APPROVED })).toContainText("approved");
    },
  },
  { name: "sessions", open: (window) => openNamed(window, "sessions", "Live sessions") },
  {
    name: "run-waiting",
    async open(window) {
      await window.start("An approval expires while Slack is down");
      await expect(window.page.getByTestId("approval-card")).toBeVisible();
    },
  },
  {
    name: "halted",
    async open({ page }) {
      await page.keyboard.press("ControlOrMeta+.");
      await expect(page.getByText("The lab is halted: every fault is undone")).toBeVisible();
    },
    async leave(window) {
      await window.page.getByRole("button", { name: "Arm the lab" }).click();
      await window.nothingRuns();
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
  { name: "queue", open: (window) => openNamed(window, "queue", "Queue") },
  { name: "about", open: (window) => openNamed(window, "about", "Resilience Lab") },
  {
    name: "palette",
    differsIn: [DIALOG],
    async open(window) {
      await window.openAddress("#/lab");
      await window.isOpen();
      await window.page.keyboard.press("Control+k");
      await expect(window.page.getByPlaceholder("A command, a scenario or a run")).toBeVisible();
    },
  },
  {
    name: "help",
    differsIn: [DIALOG],
    async open(window) {
      await window.openAddress("#/lab");
      await window.isOpen();
      // The palette takes the keys until it is closed.
      await expect(window.page.getByRole("dialog")).toHaveCount(0);
      await window.page.keyboard.press("?");
      await expect(window.page.getByRole("dialog", { name: "Shortcuts" })).toBeVisible();
    },
  },
];

/** Ids of three runs: one with an approval decision, and two of one scenario, with and without its protection. */
export interface Runs {
  approved: string;
  passed: string;
  failed: string;
}

async function openNamed(window: LabWindow, place: string, heading: string): Promise<void> {
  await window.openAddress(`#/${place}`);
  await expect(window.page.getByRole("heading", { level: 1, name: heading })).toBeVisible();
}

const APPROVED = "A person approves and the refund happens once";
