import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { asLabError, isFullDisk, LabError, messageOf } from "../lab/lab-error.ts";
import { PROJECT_FOLDER } from "../lab/version.ts";
import { browserHost } from "./browser.ts";
import { fetchElectron, findElectron } from "./desktop/electron-binary.ts";
import { runDesktop } from "./desktop/run-desktop.ts";

export const START_HELP = `npm start -- [options]

Opens Resilience Lab in a window of its own, or in a browser if Electron is not installed and cannot be downloaded.

  --stack FILE   list this compose file on the Stacks page (repeatable)
  --browser      in a browser, without checking for Electron
  --port N       in a browser, at this port (default: any free port)
  --no-open      only print the address

Data is kept in RESILIENCE_LAB_HOME, or in the platform's usual place.`;

const EXIT = { ended: 0, failed: 1, badInput: 2 } as const;
const ELECTRON_PACKAGE = join(PROJECT_FOLDER, "node_modules", "electron");

/** `npm start`. Returns the exit code. */
export async function start(args: readonly string[]): Promise<number> {
  const interrupt = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => interrupt.abort());
  try {
    const options = read(args);
    if (options === undefined) {
      process.stdout.write(`${START_HELP}\n`);
      return EXIT.ended;
    }
    if (!options.browser) {
      const binary = await electronBinary(interrupt.signal);
      if (binary !== undefined) return await runDesktop(binary, process.env, interrupt.signal, options.stacks);
    }
    if (interrupt.signal.aborted) return EXIT.ended;
    const { signal } = interrupt;
    const { port, opensBrowser, stacks } = options;
    await browserHost({ environment: process.env, port, opensBrowser, stacks, out: process.stdout, signal });
    return EXIT.ended;
  } catch (error) {
    return explain(error);
  }
}

interface StartOptions {
  browser: boolean;
  port: number;
  opensBrowser: boolean;
  /** Absolute paths. */
  stacks: string[];
}

/** Undefined when help was asked for. */
function read(args: readonly string[]): StartOptions | undefined {
  let values: { browser: boolean; port?: string; "no-open": boolean; help: boolean; stack: string[] };
  try {
    ({ values } = parseArgs({
      args: [...args],
      options: {
        stack: { type: "string", multiple: true, default: [] },
        browser: { type: "boolean", default: false },
        port: { type: "string" },
        "no-open": { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    }));
  } catch (error) {
    throw new LabError("bad-input", messageOf(error), { hint: "see `npm start -- --help`" });
  }
  if (values.help) return undefined;
  const port = Number(values.port ?? 0);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new LabError("bad-input", `--port needs a number from 0 to 65535, not "${values.port}"`);
  }
  const gone = values.stack.find((file) => !existsSync(file));
  if (gone !== undefined) {
    throw new LabError("bad-input", `--stack ${gone}: there is no such file`, { hint: "name a compose file" });
  }
  const stacks = values.stack.map((file) => resolve(file));
  // A port is used by the browser host only.
  return { browser: values.browser || values.port !== undefined, port, opensBrowser: !values["no-open"], stacks };
}

/** Finds or downloads it. Prints in one line why the lab is opened in a browser instead. */
async function electronBinary(signal: AbortSignal): Promise<string | undefined> {
  const found = findElectron(ELECTRON_PACKAGE, process.env);
  if (found !== undefined) return found;
  // The installed package comes without it.
  if (!existsSync(ELECTRON_PACKAGE)) return undefined;
  const { isTTY } = process.stdout;
  const report = (megabytes: number) => {
    if (isTTY) process.stdout.write(`\rDownloading Electron: ${megabytes.toFixed(0)} MB `);
  };
  const problem = await fetchElectron({ packageFolder: ELECTRON_PACKAGE, environment: process.env, signal, report });
  if (isTTY) process.stdout.write("\r");
  const fetched = problem === undefined ? findElectron(ELECTRON_PACKAGE, process.env) : undefined;
  if (fetched === undefined && !signal.aborted) {
    process.stdout.write(
      `Opening in a browser: Electron could not be downloaded: ${problem ?? "the executable is missing"}.\n`,
    );
  }
  return fetched;
}

function explain(thrown: unknown): number {
  if (!(thrown instanceof LabError) && !isFullDisk(thrown)) {
    process.stderr.write(`resilience-lab: unexpected: ${thrown instanceof Error ? thrown.stack : String(thrown)}\n`);
    return EXIT.failed;
  }
  const error = asLabError(thrown);
  process.stderr.write(`resilience-lab: ${error.message}\n`);
  if (error.hint !== undefined) process.stderr.write(`  ${error.hint}\n`);
  return error.code === "residue" || error.code === "internal" ? EXIT.failed : EXIT.badInput;
}
