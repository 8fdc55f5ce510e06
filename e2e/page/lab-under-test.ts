import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test as base, type Page } from "@playwright/test";
import { labProgram } from "../../electron/testing/lab-program.ts";
import { type Desktop, quit, startDesktop } from "../desktop/desktop.ts";
import { PROJECT } from "../desktop/shell-under-test.ts";
import { expect } from "../expect.ts";
import { LabWindow } from "./lab-window.ts";
import { enters, loadAgain, surviveNetworkChanges } from "./network-changes.ts";

/** The host that serves the page. */
export interface HostOption {
  host: "browser" | "desktop";
}

/** A lab with a window, with its own data folder. */
export interface LabUnderTest {
  /** The window's page: the given one if the host has no window of its own. */
  open(page: Page): Promise<LabWindow>;
  stop(): Promise<void>;
}

/** The desktop app, on Electron or its stand-in. */
class DesktopLab implements LabUnderTest {
  readonly #desktop: Desktop;

  private constructor(desktop: Desktop) {
    this.#desktop = desktop;
  }

  static async start(home: string): Promise<DesktopLab> {
    return new DesktopLab(await startDesktop({ home, pageFolder: join(PROJECT, "dist", "renderer") }));
  }

  async open(): Promise<LabWindow> {
    const page = await this.#desktop.page();
    return new LabWindow(page, new URL(page.url()).origin);
  }

  stop(): Promise<void> {
    return quit(this.#desktop);
  }
}

/** A lab started as with `npm start -- --browser`, with its own data folder. */
export class BrowserLab implements LabUnderTest {
  readonly home: string;
  /** Without the token. */
  readonly origin: string;
  readonly #child: ChildProcess;
  readonly #addresses: string[];
  #used: string | undefined;

  private constructor(home: string, child: ChildProcess, addresses: string[]) {
    this.home = home;
    this.#child = child;
    this.#addresses = addresses;
    this.origin = new URL(addresses[0] ?? "").origin;
  }

  static async start(
    home: string,
    environment: NodeJS.ProcessEnv = {},
    port = 0,
    stacks: readonly string[] = [],
  ): Promise<BrowserLab> {
    const named = stacks.flatMap((file) => ["--stack", file]);
    const args = ["--browser", "--no-open", ...(port === 0 ? [] : ["--port", String(port)]), ...named];
    const child = spawn(process.execPath, [labProgram("start"), ...args], {
      env: { ...process.env, ...environment, RESILIENCE_LAB_HOME: home },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const addresses: string[] = [];
    const report: string[] = [];
    const found = Promise.withResolvers<void>();
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on("line", (line) => {
        report.push(line);
        const address = /http:\/\/127\.0\.0\.1:\d+\/\?token=\S+/.exec(line)?.[0];
        if (address === undefined) return;
        addresses.push(address);
        found.resolve();
      });
    }
    child.once("exit", (code) => found.reject(new Error(`the lab ended with ${code}:\n${report.join("\n")}`)));
    await found.promise;
    return new BrowserLab(home, child, addresses);
  }

  /** The address for the next browser: each works once. */
  get address(): string {
    return this.#addresses.at(-1) ?? "";
  }

  get port(): number {
    return Number(new URL(this.origin).port);
  }

  async open(page: Page): Promise<LabWindow> {
    // The lab prints the next address once one is used.
    await expect.poll(() => this.address).not.toBe(this.#used);
    await loadAgain(() => {
      this.#used = this.address;
      return page.goto(this.#used);
    });
    await enters(page, this.origin);
    return new LabWindow(page, this.origin);
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, "exit");
    this.#child.kill("SIGTERM");
    await exited;
  }

  /** Kills the lab. */
  async kill(): Promise<void> {
    const exited = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await exited;
  }
}

interface Fixtures {
  home: string;
  /** Fills the data folder before the lab starts; set by a spec with `test.use`. */
  prepared: undefined;
  lab: LabUnderTest;
  /** For specs of the browser host only. */
  browserLab: BrowserLab;
  window: LabWindow;
}

interface WorkerFixtures {
  /** For specs that change nothing of a lab and do not depend on what was done in it before. */
  sharedLab: BrowserLab;
}

export const test = base.extend<Fixtures & HostOption, WorkerFixtures>({
  host: ["browser", { option: true }],
  // biome-ignore lint/correctness/noEmptyPattern: required by Playwright
  home: async ({}, use) => {
    const home = mkdtempSync(join(tmpdir(), "resilience-lab-page-"));
    await use(home);
    rmSync(home, { recursive: true, force: true });
  },
  // biome-ignore lint/correctness/noEmptyPattern: required by Playwright
  prepared: async ({}, use) => use(undefined),
  lab: async ({ host, home, prepared: _ }, use) => {
    const lab = await (host === "browser" ? BrowserLab : DesktopLab).start(home);
    await use(lab);
    await lab.stop();
  },
  sharedLab: [
    // biome-ignore lint/correctness/noEmptyPattern: required by Playwright
    async ({}, use) => {
      const home = mkdtempSync(join(tmpdir(), "resilience-lab-page-"));
      const lab = await BrowserLab.start(home);
      await use(lab);
      await lab.stop();
      rmSync(home, { recursive: true, force: true });
    },
    { scope: "worker" },
  ],
  browserLab: async ({ lab }, use) => {
    if (!(lab instanceof BrowserLab)) throw new Error("this is a spec of the browser host");
    await use(lab);
  },
  context: async ({ context }, use) => {
    context.on("page", surviveNetworkChanges);
    await use(context);
  },
  window: async ({ lab, page }, use) => {
    const errors: string[] = [];
    await noteErrors(page, errors);
    const window = await lab.open(page);
    if (window.page !== page) await noteErrors(window.page, errors);
    await window.isComplete();
    await use(window);
    expect(errors, "errors thrown in the page or logged to its console").toEqual([]);
  },
});

/** Set by a page in whose document something was refused by its policy: consoles do not have all of that. */
const REFUSED = "Refused by the page's policy:";

async function noteErrors(page: Page, errors: string[]): Promise<void> {
  await page.addInitScript((prefix) => {
    document.addEventListener("securitypolicyviolation", ({ violatedDirective, sourceFile }) => {
      console.error(prefix, violatedDirective, sourceFile);
    });
  }, REFUSED);
  page.on("pageerror", (error) => errors.push(String(error.stack)));
  page.on("console", (message) => {
    // Caused by a spec that stops or kills its lab, and by Docker creating networks on this machine.
    if (/ERR_CONNECTION_RE(FUSED|SET)|ERR_NETWORK_CHANGED/.test(message.text())) return;
    if (message.type() === "error") errors.push(`${message.text()} (${message.location().url})`);
  });
}

/**
 * For what hangs on the host: keys that a menu may take, what the page sends and how events reach it. What a page makes of
 * its events is the same in both, and the notices that the system shows are in the specs of the shell.
 */
export const AGAIN_IN_THE_APP = { tag: "@app" };

export { expect };
