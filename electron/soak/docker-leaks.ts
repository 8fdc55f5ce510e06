/**
 * The test of what is left of a container that is stopped and started, with more cycles: a leak that does not come with
 * each of them is found only so.
 *
 * npm run soak -- leaks [--count 50]
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";

const { values } = parseArgs({ options: { count: { type: "string", default: "50" } } });
const vitest = join(import.meta.dirname, "..", "..", "node_modules", "vitest", "vitest.mjs");
const { status } = spawnSync(process.execPath, [vitest, "run", "electron/lab/stacks/docker/leaks.docker.test.ts"], {
  cwd: join(import.meta.dirname, "..", ".."),
  env: { ...process.env, LEAK_CYCLES: values.count },
  stdio: "inherit",
});
process.exitCode = status ?? 1;
