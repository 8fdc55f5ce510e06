import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { _electron, test as base, chromium, type Page } from "@playwright/test";
import type * as Electron from "electron";
import { expect } from "../expect.ts";
import type { ShellPage } from "./page/page.ts";
import { PAGE_FOLDER, PROJECT, shellUnderTest } from "./shell-under-test.ts";

const MAIN = join(PROJECT, "dist", "electron", "main.js");
const STAND_IN = join(PROJECT, "e2e", "electron-stand-in", "register.ts");

type InMain<Argument, Value> = (electron: typeof Electron, argument: Argument) => Value | Promise<Value>;

/** The desktop app driven by a spec, with the same interface on Electron and on its stand-in. */
export interface Desktop {
  readonly kind: "electron" | "stand-in";
  /** The window's page; a new one after a crash. */
  page(): Promise<Page>;
  /** Runs in the main process, with access only to its argument. */
  inMain<Argument, Value>(work: InMain<Argument, Value>, argument: Argument): Promise<Value>;
  /** Resolves with the exit code once the app has ended. */
  readonly ended: Promise<number | null>;
  kill(): void;
}

interface StartOptions {
  home: string;
  args?: readonly string[];
  /** The page in its window; the specs' own by default. */
  pageFolder?: string;
  /** Runs as packaged in this archive; on the stand-in only. */
  archive?: string;
  /** Receives the stand-in's standard error, which otherwise goes to the spec's. */
  onError?: (text: string) => void;
}

export async function startDesktop(options: StartOptions): Promise<Desktop> {
  const { home, args = [], pageFolder = PAGE_FOLDER, archive, onError } = options;
  const env = {
    ...process.env,
    RESILIENCE_LAB_HOME: home,
    RESILIENCE_LAB_PAGE: pageFolder,
    ELECTRON_STAND_IN_DATA: join(home, "electron"),
    XDG_CONFIG_HOME: join(home, "electron"),
    ...(archive === undefined ? {} : { ELECTRON_STAND_IN_ARCHIVE: archive }),
  };
  const { kind, binary } = shellUnderTest();
  return kind === "electron" ? startElectron(binary, args, env) : startStandIn(args, env, onError);
}

async function startElectron(binary: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<Desktop> {
  const electron = await _electron.launch({
    executablePath: binary,
    args: ["--no-sandbox", MAIN, ...args],
    env: env as Record<string, string>,
  });
  const child = electron.process();
  return {
    kind: "electron",
    page: async () => electron.windows().find((page) => !page.isClosed()) ?? electron.firstWindow(),
    inMain: (work, argument) => electron.evaluate(work as never, argument as never) as never,
    ended: exitOf(child),
    kill: () => child.kill("SIGKILL"),
  };
}

async function startStandIn(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  onError?: (text: string) => void,
): Promise<Desktop> {
  const child = spawn(process.execPath, ["--import", STAND_IN, MAIN, ...args], {
    env,
    stdio: ["ignore", "inherit", onError === undefined ? "inherit" : "pipe", "ipc"],
  });
  if (onError !== undefined) child.stderr?.setEncoding("utf8").on("data", onError);
  const ended = exitOf(child);
  const address = await Promise.race([debuggingAddress(child), ended.then(() => undefined)]);
  if (address === undefined) return { ...NO_WINDOW, ended, kill: () => child.kill("SIGKILL") };
  const browser = await chromium.connectOverCDP(address);
  void ended.then(() => browser.close());
  let asked = 0;
  return {
    kind: "stand-in",
    ended,
    kill: () => child.kill("SIGKILL"),
    async page() {
      const find = () =>
        browser
          .contexts()
          .flatMap((context) => context.pages())
          .find((page) => page.url().startsWith("http://lab.localhost/"));
      await expect.poll(find).toBeDefined();
      return find() as Page;
    },
    inMain: (work, argument) => ask(child, ++asked, work.toString(), argument) as never,
  };
}

/** A second instance exits before it opens a window. */
const NO_WINDOW = {
  kind: "stand-in",
  page: () => Promise.reject(new Error("it has no window")),
  inMain: () => Promise.reject(new Error("it has ended")),
} as const;

interface FromStandIn {
  debuggingAddress?: string;
  id?: number;
  value?: unknown;
  error?: string;
}

function debuggingAddress(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.on("message", (message: FromStandIn) => {
      if (message.debuggingAddress !== undefined) resolve(message.debuggingAddress);
    });
  });
}

function ask(child: ChildProcess, id: number, source: string, argument: unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const onMessage = (message: FromStandIn) => {
      if (message.id !== id) return;
      child.off("message", onMessage);
      if (message.error === undefined) resolve(message.value);
      else reject(new Error(message.error));
    };
    child.on("message", onMessage);
    child.send({ id, source, argument }, (error) => error !== null && reject(error));
  });
}

function exitOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => child.once("close", resolve));
}

/** Quits and confirms every dialog. */
export async function quit(desktop: Desktop): Promise<void> {
  await desktop
    .inMain(({ dialog, app }) => {
      Object.assign(dialog, { showMessageBox: async () => ({ response: 0 }) });
      setImmediate(() => app.quit());
    }, null)
    .catch(() => {});
  await desktop.ended;
}

/** Runs in the specs' page, with its connection and state. */
export function inPage<Argument, Value>(
  page: Page,
  work: (shell: ShellPage, argument: Argument) => Value | Promise<Value>,
  argument: Argument,
): Promise<Value> {
  return page.evaluate(
    // The page's policy forbids evaluating text in the page, so the function's text is evaluated from outside.
    `(${work.toString()})(window.shellPage, ${JSON.stringify(argument ?? null)})`,
  );
}

/** Resolves when the page has received the lab's state. */
export async function whenConnected(page: Page): Promise<void> {
  await expect.poll(() => page.evaluate("window.shellPage?.state?.version ?? 0")).toBeGreaterThan(0);
}

interface Fixtures {
  home: string;
  desktop: Desktop;
}

/** A data folder and an app for each spec; what it left running is ended with it. */
export const test = base.extend<Fixtures>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads a fixture's needs from its parameter.
  home: async ({}, use) => {
    const home = mkdtempSync(join(tmpdir(), "resilience-lab-desktop-"));
    await use(home);
    rmSync(home, { recursive: true, force: true });
  },
  desktop: async ({ home }, use) => {
    const desktop = await startDesktop({ home });
    await use(desktop);
    await quit(desktop);
  },
});
export { expect };
