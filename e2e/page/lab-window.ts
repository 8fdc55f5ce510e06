import type { Locator, Page } from "@playwright/test";
import { expect } from "../expect.ts";

export type Place = "Lab" | "Stacks" | "History" | "Sessions" | "Approvals" | "Scenarios";
/** A run takes seconds, the first one also brings the stack up, and the machine may be busy. */
const RUN_LIMIT_MS = 120_000;

/** The lab's window in terms of what a person sees and does. */
export class LabWindow {
  readonly page: Page;
  readonly origin: string;
  readonly run: RunView;

  constructor(page: Page, origin: string) {
    this.page = page;
    this.origin = origin;
    this.run = new RunView(page);
  }

  async isOpen(): Promise<void> {
    await expect(this.page.getByRole("navigation", { name: "Pages" })).toBeVisible();
    await expect(this.page.getByRole("region", { name: "Stack", exact: true })).toBeVisible();
  }

  /** Resolves when all parts of the page are loaded. */
  async isComplete(): Promise<void> {
    await this.isOpen();
    await expect(this.page.locator("html[data-fetching]")).toHaveCount(0);
  }

  async goTo(place: Place): Promise<void> {
    await this.page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: place }).click();
  }

  async openAddress(hash: string): Promise<void> {
    await this.page.goto(`${this.origin}/${hash}`);
  }

  card(title: string): Locator {
    return this.page.getByRole("article", { name: title });
  }

  /** Starts a scenario from its card and waits until its run is shown. */
  async start(title: string, without?: string): Promise<void> {
    const name = without === undefined ? `Run ${title}` : `Run ${title} without ${without}`;
    await this.goTo("Lab");
    await this.card(title).getByRole("button", { name, exact: true }).click();
    await this.run.isShown(title);
  }

  async runToEnd(title: string, outcome: string, without?: string): Promise<void> {
    await this.start(title, without);
    await this.run.hasEnded(outcome);
  }

  get nowRunning(): Locator {
    return this.page.getByTestId("now-running");
  }

  get undoAll(): Locator {
    return this.page.getByRole("button", { name: /^Undo all/ });
  }

  async nothingRuns(): Promise<void> {
    await expect(this.nowRunning).toBeHidden({ timeout: RUN_LIMIT_MS });
  }

  /** A service on the map of the stack. */
  service(name: string): Locator {
    return this.page.getByRole("group", { name: "Map of the stack" }).getByRole("button", { name: `${name}:` });
  }

  /** A link on the map of the stack. */
  link(name: string): Locator {
    return this.page.getByRole("group", { name: "Map of the stack" }).getByRole("button", { name: `link ${name}` });
  }

  /** The middle of a line of the map: the middle of its box may be beside it. */
  async clickOnLine(link: Locator): Promise<void> {
    const [x, y] = await link
      .locator("path")
      .last()
      .evaluate((path: SVGPathElement) => {
        const { x, y } = path
          .getPointAtLength(path.getTotalLength() / 2)
          .matrixTransform(path.getScreenCTM() ?? undefined);
        return [x, y] as const;
      });
    await this.page.mouse.click(x, y);
  }

  async bringUp(): Promise<void> {
    await this.page.getByRole("button", { name: "Bring up" }).click();
    await expect(this.page.getByRole("button", { name: "Take down" })).toBeVisible({ timeout: RUN_LIMIT_MS });
  }

  get banner(): Locator {
    return this.page.getByTestId("connection-banner");
  }
}

/** The page of one run. */
export class RunView {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  async isShown(title: string): Promise<void> {
    await expect(this.page.getByRole("heading", { level: 1, name: title })).toBeVisible({ timeout: RUN_LIMIT_MS });
    // A run of a pair that has ended meanwhile is shown beside the other.
    await expect(this.timeline.first()).toBeVisible();
  }

  async hasEnded(outcome: string): Promise<void> {
    await expect(this.page.getByRole("button", { name: "Run again" })).toBeVisible({ timeout: RUN_LIMIT_MS });
    await expect(this.header.getByText(outcome, { exact: true })).toBeVisible();
  }

  get header(): Locator {
    return this.page.locator("main header").first();
  }

  /** The cursor of the time axis. */
  get timeline(): Locator {
    return this.page.getByTestId("timeline");
  }

  get moment(): Locator {
    return this.page.getByTestId("moment");
  }

  get inspector(): Locator {
    return this.page.getByRole("complementary", { name: "Inspector" });
  }

  async tab(
    name: "Map" | "Checks" | "Tool calls" | "Waterfall" | "Plots" | "Events" | "Logs" | "Notes",
  ): Promise<void> {
    await this.page.getByRole("tab", { name: new RegExp(`^${name}`) }).click();
  }

  /** The bar of a service's health at the moment shown. */
  health(service: string): Locator {
    return this.page.locator(`[data-status][title^="${service}:"]`);
  }

  /** Drags the cursor along the axis, to a share of the visible range. */
  async scrubTo(share: number): Promise<void> {
    const strip = await this.page.getByTestId("time-axis").boundingBox();
    if (strip === null) throw new Error("the time axis is not in view");
    await this.page.mouse.move(strip.x + strip.width * share - 40, strip.y + 12);
    await this.page.mouse.down();
    await this.page.mouse.move(strip.x + strip.width * share, strip.y + 12, { steps: 5 });
    await this.page.mouse.up();
  }

  /** Drags over the lanes to zoom to that period. */
  async zoomTo(fromShare: number, toShare: number): Promise<void> {
    const plot = await this.timeline.boundingBox();
    if (plot === null) throw new Error("the timeline is not in view");
    await this.page.mouse.move(plot.x + plot.width * fromShare, plot.y + 4);
    await this.page.mouse.down();
    await this.page.mouse.move(plot.x + plot.width * toShare, plot.y + 4, { steps: 5 });
    await this.page.mouse.up();
  }

  /** The labels of the axis. */
  async ticks(): Promise<string[]> {
    return this.page.getByTestId("time-axis").locator("span").allInnerTexts();
  }
}
