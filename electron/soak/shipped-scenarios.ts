/**
 * Runs every shipped scenario repeatedly, in several labs in parallel, each with its own data folder and stack. Prints
 * each run that did not pass with its reason, then how often each scenario passed. Exit 1 when a run did not pass.
 *
 * npm run soak -- scenarios [--count 100] [--labs 2]
 */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

interface Ran {
  scenario: string;
  outcome: string;
  reason: string;
}

const PROJECT = join(import.meta.dirname, "..", "..");
const LAB = join(PROJECT, "electron", "hosts", "launch.mjs");
const REPORT_BYTES = 64 * 1024 * 1024;

const { values } = parseArgs({
  options: { count: { type: "string", default: "100" }, labs: { type: "string", default: "2" } },
});
const count = Number(values.count);
const home = mkdtempSync(join(tmpdir(), "resilience-lab-soak-"));
const ran = new Map<string, number>();
const passed = new Map<string, number>();
let rounds = 0;
try {
  await Promise.all(Array.from({ length: Number(values.labs) }, (_, lab) => runRounds(join(home, String(lab)))));
  for (const [scenario, times] of [...ran].sort()) {
    console.log(`${scenario.padEnd(38)} ${passed.get(scenario) ?? 0} of ${times} passed`);
  }
  const all = [...passed.values()].reduce((sum, times) => sum + times, 0);
  const total = [...ran.values()].reduce((sum, times) => sum + times, 0);
  console.log(`${all} of ${total} runs passed`);
  process.exitCode = all === total && total > 0 ? 0 : 1;
} finally {
  rmSync(home, { recursive: true, force: true });
}

async function runRounds(folder: string): Promise<void> {
  while (rounds < count) {
    const round = ++rounds;
    for (const { scenario, outcome, reason } of await runAll(folder)) {
      ran.set(scenario, (ran.get(scenario) ?? 0) + 1);
      if (outcome === "passed") passed.set(scenario, (passed.get(scenario) ?? 0) + 1);
      else console.log(`round ${round}: ${scenario} ${outcome}: ${reason}`);
    }
    console.log(`round ${round} of ${count}`);
  }
}

/** @throws when the lab ended without a report */
function runAll(folder: string): Promise<Ran[]> {
  const args = [LAB, "run", join(PROJECT, "scenarios"), "--ports", "auto", "--reporter", "json"];
  const env = { ...process.env, RESILIENCE_LAB_HOME: folder };
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, { env, maxBuffer: REPORT_BYTES }, (error, stdout, stderr) => {
      try {
        resolve((JSON.parse(stdout) as { runs: Ran[] }).runs);
      } catch {
        reject(error ?? new Error(`no report:\n${stderr}`));
      }
    });
  });
}
