/**
 * The test of submitted runs whose worker, API server or database is killed (SIGKILL), at random moments.
 *
 * npm run soak -- durable-kills [--count 200] [--seed N]
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    count: { type: "string", default: "200" },
    seed: { type: "string", default: String(Date.now() % 100_000) },
  },
});
console.log(`durable-kills: ${values.count} rounds, --seed ${values.seed}`);
const folder = join(import.meta.dirname, "..", "..");
const vitest = join(folder, "node_modules", "vitest", "vitest.mjs");
const test = "electron/hosts/serve/durable-kills.test.ts";
const { status } = spawnSync(process.execPath, [vitest, "run", test, "-t", "is killed"], {
  cwd: folder,
  env: { ...process.env, DURABLE_KILLS: values.count, DURABLE_KILLS_SEED: values.seed },
  stdio: "inherit",
});
process.exitCode = status ?? 1;
