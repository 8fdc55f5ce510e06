import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type Browser, chromium } from "@playwright/test";
import { build } from "vite";
import { PROJECT_FOLDER } from "../lab/version.ts";
import { findChromium } from "../testing/find-chromium.ts";

const BARE_PAGE = join(import.meta.dirname, "bare-page");

/** The lab's page and a bare one, built by the same Vite in the same way. */
export async function buildPages(folder: string): Promise<{ lab: string; bare: string }> {
  const pages = { lab: join(folder, "lab-page"), bare: join(folder, "bare-page") };
  const configFile = join(PROJECT_FOLDER, "vite.config.ts");
  const logLevel = "error";
  await build({ configFile, logLevel, build: { outDir: pages.lab } });
  await build({ configFile, logLevel, root: BARE_PAGE, build: { outDir: pages.bare } });
  return pages;
}

/** The browser host in a process of its own. */
export class PageHost {
  /** Admits one browser, once. */
  readonly address: string;
  readonly #child: ChildProcess;

  private constructor(address: string, child: ChildProcess) {
    this.address = address;
    this.#child = child;
  }

  static async start(home: string, pageFolder: string): Promise<PageHost> {
    const child = fork(join(import.meta.dirname, "page-host.ts"), [home, pageFolder], {
      stdio: ["ignore", "pipe", "inherit", "ipc"],
    });
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    child.once("exit", (code) => reject(new Error(`the host ended with ${code} and printed no address`)));
    if (child.stdout === null) throw new Error("the host has no output");
    createInterface({ input: child.stdout }).on("line", (line) => {
      const address = /http:\/\/127\.0\.0\.1:\d+\/\?token=\S+/.exec(line)?.[0];
      if (address !== undefined) resolve(address);
    });
    return new PageHost(await promise, child);
  }

  get origin(): string {
    return new URL(this.address).origin;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const exited = once(this.#child, "exit");
    this.#child.kill("SIGTERM");
    await exited;
  }
}

export async function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: await findChromium(process.env.CHROMIUM),
    args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"],
  });
}
