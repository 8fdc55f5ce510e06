/**
 * The test of a lab that is killed while it breaks a link, at each moment that it knows and at random ones: every other time
 * with its watchdog.
 *
 * npm run soak -- sidecar-kills [--count 60] [--seed N]
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    count: { type: "string", default: "60" },
    seed: { type: "string", default: String(Date.now() % 100_000) },
  },
});
console.log(`sidecar-kills: ${values.count} moments, --seed ${values.seed}`);
const folder = join(import.meta.dirname, "..", "..");
const vitest = join(folder, "node_modules", "vitest", "vitest.mjs");
const test = "electron/lab/stacks/docker/sidecar/sidecar-kills.docker.test.ts";
const { status } = spawnSync(process.execPath, [vitest, "run", test], {
  cwd: folder,
  env: { ...process.env, SIDECAR_KILLS: values.count, SIDECAR_KILLS_SEED: values.seed },
  stdio: "inherit",
});
process.exitCode = status ?? 1;
