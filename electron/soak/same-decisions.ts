/**
 * The test that compares the decisions of the drivers, on all shipped scenarios: the test itself has one on Docker for each
 * kind of fault.
 *
 * npm run soak -- same-decisions
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";

const folder = join(import.meta.dirname, "..", "..");
const vitest = join(folder, "node_modules", "vitest", "vitest.mjs");
const test = "electron/lab/stacks/docker/same-decisions.docker.test.ts";
const { status } = spawnSync(process.execPath, [vitest, "run", test], {
  cwd: folder,
  env: { ...process.env, SAME_DECISIONS: "all" },
  stdio: "inherit",
});
process.exitCode = status ?? 1;
