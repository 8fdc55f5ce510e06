/**
 * The test of public compose projects in the window, on all of them.
 *
 * npm run soak -- public-projects
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";

const folder = join(import.meta.dirname, "..", "..");
const playwright = join(folder, "node_modules", "playwright", "cli.js");
const { status } = spawnSync(process.execPath, [playwright, "test", "-c", "e2e/on-docker", "public-projects.spec.ts"], {
  cwd: folder,
  env: { ...process.env, PUBLIC_PROJECTS: "all" },
  stdio: "inherit",
});
process.exitCode = status ?? 1;
