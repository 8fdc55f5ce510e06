import { EventEmitter } from "node:events";
import { readFileSync } from "node:fs";
import type { Download, Page, Route } from "@playwright/test";
import { app, preventable } from "./app.ts";
import { browser, toPageAddress, toStandInAddress } from "./chromium.ts";
import { ipcMain, MessagePortMain, session } from "./doors.ts";
import { pageShim } from "./page-shim.ts";

interface Options {
  width: number;
  height: number;
  x?: number;
  y?: number;
  backgroundColor?: string;
  webPreferences: { preload: string } & Record<string, unknown>;
}
type OpenHandler = (details: { url: string }) => { action: "allow" | "deny" };
type Report = { port: string; data: unknown } | { channel: string; data: unknown; ports: string[]; address: string };

class WebContents extends EventEmitter {
  readonly mainFrame = { url: "" };
  readonly #options: Options;
  readonly #ports = new Map<string, MessagePortMain>();
  /** Messages to the page are sent one after another, in order. */
  #sending: Promise<unknown> = Promise.resolve();
  #openHandler: OpenHandler = () => ({ action: "allow" });
  #page: Promise<Page> | undefined;
  #address = "";
  #isLoading = true;

  constructor(options: Options) {
    super();
    this.#options = options;
  }

  getLastWebPreferences(): Record<string, unknown> {
    return this.#options.webPreferences;
  }
  setWindowOpenHandler(handler: OpenHandler): void {
    this.#openHandler = handler;
  }
  isLoadingMainFrame(): boolean {
    return this.#isLoading;
  }

  send(channel: string, data: unknown): void {
    this.#send({ channel, data });
  }

  async load(address: string): Promise<void> {
    this.#address = address;
    this.#page ??= this.#open();
    const page = await this.#page;
    await page.goto(toStandInAddress(address));
    this.#isLoading = false;
    this.emit("did-finish-load");
  }

  /** Replaces a crashed page by a new one. */
  reload(): void {
    const old = this.#page;
    this.#isLoading = true;
    this.#closePorts();
    this.#page = this.#open();
    void old?.then((page) => page.close()).catch(() => {});
    void this.load(this.#address);
  }

  async close(): Promise<void> {
    this.#closePorts();
    await (await this.#page)?.close();
  }

  /** True when this window's page opened the other, which the shell then keeps or closes. */
  async takePopup(popup: Page): Promise<boolean> {
    if ((await popup.opener()) !== (await this.#page)) return false;
    if (this.#openHandler({ url: popup.url() }).action === "deny") await popup.close();
    return true;
  }

  async #open(): Promise<Page> {
    const context = await browser((page) => {
      if (!claimed.has(page)) void takePopup(page);
    });
    const spare = context.pages().find((page) => page.url() === "about:blank" && !claimed.has(page));
    const page = spare ?? (await context.newPage());
    claimed.add(page);
    const { width, height } = this.#options;
    await page.setViewportSize({ width, height });
    await page.exposeBinding("standInReport", (_source, report: Report) => this.#receive(report));
    await page.addInitScript(pageShim(readFileSync(this.#options.webPreferences.preload, "utf8")));
    await page.route("**/*", (route) => this.#watchNavigation(route, page));
    page.on("framenavigated", (frame) => {
      if (frame === page.mainFrame()) this.mainFrame.url = toPageAddress(frame.url());
    });
    page.on("download", (download) => this.#offer(download));
    page.on("crash", () => {
      this.#closePorts();
      this.emit("render-process-gone", {}, { reason: "crashed" });
    });
    return page;
  }

  /** The shell can refuse navigation by the page, but not its own. */
  async #watchNavigation(route: Route, page: Page): Promise<void> {
    const request = route.request();
    const address = toPageAddress(request.url());
    if (!request.isNavigationRequest() || address === this.#address) return route.fallback();
    const isMain = request.frame() === page.mainFrame();
    const event = preventable({ url: address, isMainFrame: isMain });
    if (isMain) this.emit("will-navigate", event);
    this.emit("will-frame-navigate", event);
    return event.defaultPrevented ? route.abort("aborted") : route.fallback();
  }

  /** Nobody answers the dialog of a download: it is offered to the shell, and saved nowhere. */
  #offer(download: Download): void {
    let options: object = {};
    const item = {
      getURL: () => toPageAddress(download.url()),
      getFilename: () => download.suggestedFilename(),
      getSaveDialogOptions: () => options,
      setSaveDialogOptions: (given: object) => {
        options = given;
      },
      cancel() {},
    };
    session.defaultSession.emit("will-download", preventable({}), item, this);
    // The spec's connection to the browser may have taken it.
    download.cancel().catch(() => {});
  }

  #receive(report: Report): void {
    if ("port" in report) {
      this.#ports.get(report.port)?.receive(report.data);
      return;
    }
    this.mainFrame.url = toPageAddress(report.address);
    const ports = report.ports.map((id) => {
      const port = new MessagePortMain((data) => this.#send({ port: id, data }));
      this.#ports.set(id, port);
      return port;
    });
    ipcMain.emit(report.channel, { sender: this, senderFrame: this.mainFrame, ports }, report.data);
  }

  #send(message: object): void {
    const page = this.#page;
    this.#sending = this.#sending
      .then(async () => {
        const open = await page;
        await open?.evaluate((sent) => {
          (window as unknown as { standInDeliver(sent: object): void }).standInDeliver(sent);
        }, message);
      })
      // The page is gone; other events report that to the shell.
      .catch(() => {});
  }

  #closePorts(): void {
    for (const port of this.#ports.values()) port.close();
    this.#ports.clear();
  }
}

const claimed = new WeakSet<Page>();

export class BrowserWindow extends EventEmitter {
  static readonly #all = new Set<BrowserWindow>();
  readonly webContents: WebContents;
  readonly options: Options;
  isShown = false;
  #isFocused = false;
  #isDestroyed = false;

  constructor(options: Options) {
    super();
    this.options = options;
    this.webContents = new WebContents(options);
    BrowserWindow.#all.add(this);
    app.emit("browser-window-created", {}, this);
    app.emit("web-contents-created", {}, this.webContents);
    this.webContents.once("did-finish-load", () => this.emit("ready-to-show"));
  }

  static getAllWindows(): BrowserWindow[] {
    return [...BrowserWindow.#all];
  }

  loadURL(address: string): Promise<void> {
    return this.webContents.load(address);
  }
  getBackgroundColor(): string {
    return this.options.backgroundColor ?? "#ffffff";
  }
  show(): void {
    this.isShown = true;
  }
  hide(): void {
    this.isShown = false;
    this.#isFocused = false;
  }
  focus(): void {
    this.#isFocused = true;
  }
  blur(): void {
    this.#isFocused = false;
  }
  restore(): void {}
  maximize(): void {}
  isMinimized(): boolean {
    return false;
  }
  isMaximized(): boolean {
    return false;
  }
  isFocused(): boolean {
    return this.#isFocused;
  }
  isDestroyed(): boolean {
    return this.#isDestroyed;
  }
  getNormalBounds(): { x: number; y: number; width: number; height: number } {
    const { x = 0, y = 0, width, height } = this.options;
    return { x, y, width, height };
  }

  close(): void {
    const event = preventable({});
    this.emit("close", event);
    if (event.defaultPrevented) return;
    this.#isDestroyed = true;
    BrowserWindow.#all.delete(this);
    void this.webContents.close();
    this.emit("closed");
    if (BrowserWindow.#all.size === 0) app.emit("window-all-closed");
  }
}

app.closeWindows = () => {
  for (const window of BrowserWindow.getAllWindows()) window.close();
  return BrowserWindow.getAllWindows().length === 0;
};

async function takePopup(page: Page): Promise<void> {
  for (const { webContents } of BrowserWindow.getAllWindows()) if (await webContents.takePopup(page)) return;
}
