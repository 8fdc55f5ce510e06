import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { promisify } from "node:util";
import { chromium } from "@playwright/test";
import { messageOf } from "../lab/lab-error.ts";
import { unpackChromium } from "./npm-chromium.ts";

const run = promisify(execFile);

/** The first has no windows of its own and uses a fifth less processor time than the second. */
const OF_THE_SYSTEM = ["/usr/bin/chromium-headless-shell", "/usr/bin/chromium"];
const START_LIMIT_MS = 60_000;
const DOWNLOAD_LIMIT_MS = 300_000;

/**
 * The executable of a Chromium that starts: `chosen`, else the system's, else npm's, else Playwright's, which is
 * downloaded if missing.
 *
 * @throws Error in one line when there is none, with the problem of each
 */
export async function findChromium(chosen: string | undefined): Promise<string> {
  if (chosen !== undefined) {
    const problem = await problemOf(chosen);
    if (problem === undefined) return chosen;
    throw new Error(`CHROMIUM names ${chosen}, which does not start: ${problem}`);
  }
  const problems: string[] = [];
  for (const [name, path] of Object.entries(CANDIDATES)) {
    const problem = await path().then(
      (executable) => problemOf(executable).then((problem) => problem ?? { executable }),
      (error) => lineOf(error),
    );
    if (typeof problem === "object") return problem.executable;
    problems.push(`${name}: ${problem}`);
  }
  throw new Error(
    `no Chromium for the tests of the pages: install it, or name its executable in CHROMIUM (${problems.join("; ")})`,
  );
}

const CANDIDATES: Record<string, () => Promise<string>> = {
  "the system's": async () => OF_THE_SYSTEM.find(existsSync) ?? (OF_THE_SYSTEM.at(-1) as string),
  "npm's": unpackChromium,
  "Playwright's": download,
};

async function download(): Promise<string> {
  const path = chromium.executablePath();
  if (existsSync(path)) return path;
  process.stdout.write("no Chromium found: downloading Playwright's\n");
  const cli = import.meta.resolve("@playwright/test/cli");
  await run(process.execPath, [new URL(cli).pathname, "install", "chromium"], { timeout: DOWNLOAD_LIMIT_MS });
  return path;
}

/** Why it does not start on this machine, such as a missing library; undefined when it starts. */
async function problemOf(executable: string): Promise<string | undefined> {
  if (!existsSync(executable)) return `${executable} is not there`;
  try {
    await run(executable, ["--version"], { timeout: START_LIMIT_MS });
    return undefined;
  } catch (error) {
    return lineOf(error);
  }
}

/** From the output of a failed program: the line with an error, else the last line; else its exit status. */
function lineOf(error: unknown): string {
  const { stderr, code } = error as { stderr?: unknown; code?: unknown };
  const lines = typeof stderr === "string" ? stderr.trim().split("\n") : [];
  const message = lines.find((line) => /error/i.test(line)) ?? lines.at(-1);
  if (message) return message.trim();
  return typeof code === "number" ? `it ended with ${code}` : (messageOf(error).split("\n")[0] ?? "");
}
