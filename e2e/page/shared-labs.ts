import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { labProgram } from "../../electron/testing/lab-program.ts";
import { BrowserLab, test } from "./lab-under-test.ts";
import type { Runs } from "./pages.ts";

/** For specs that change nothing of a lab and do not depend on what was done in it before. */
export const testOnSharedLab = test.extend({ lab: async ({ sharedLab }, use) => use(sharedLab) });

interface RecordedLab {
  home: string;
  lab: BrowserLab;
  runs: Runs;
}

/**
 * For specs that need a stack that is up or runs that have ended, and leave the stack up and healthy and the lab armed. The
 * history may have runs of other specs, too.
 */
export const testOnRecordedLab = test.extend<{ runs: Runs }, { recorded: RecordedLab }>({
  recorded: [
    // biome-ignore lint/correctness/noEmptyPattern: required by Playwright
    async ({}, use) => {
      const home = mkdtempSync(join(tmpdir(), "resilience-lab-page-"));
      inTerminal(home, "stack", "up", "--ports", "auto");
      const [approved = "", passed = ""] = recordRuns(home, "approval-granted", "mcp-crash");
      const [failed = ""] = recordRuns(home, "mcp-crash", "--without", "capability-cache");
      const lab = await BrowserLab.start(home);
      await use({ home, lab, runs: { approved, passed, failed } });
      await lab.stop();
      inTerminal(home, "stack", "down");
      rmSync(home, { recursive: true, force: true });
    },
    { scope: "worker" },
  ],
  home: async ({ recorded }, use) => use(recorded.home),
  lab: async ({ recorded, prepared: _ }, use) => use(recorded.lab),
  runs: async ({ recorded }, use) => use(recorded.runs),
});

/** The ids of the runs, in their order. */
function recordRuns(home: string, ...args: string[]): string[] {
  const report = JSON.parse(inTerminal(home, "run", ...args, "--reporter", "json")) as { runs: { id: string }[] };
  return report.runs.map(({ id }) => id);
}

/** The standard output of a command. */
function inTerminal(home: string, ...args: string[]): string {
  const env = { ...process.env, RESILIENCE_LAB_HOME: home };
  const { stdout, stderr } = spawnSync(process.execPath, [labProgram("launch"), ...args], { env, encoding: "utf8" });
  if (stdout === "") throw new Error(`resilience-lab ${args.join(" ")} printed nothing but:\n${stderr}`);
  return stdout;
}
