import { mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { COMMONJS_GLOBALS, wholePrograms } from "../bundling.ts";
import { LAB_BUNDLES_VARIABLE } from "./lab-program.ts";

const ELECTRON = join(import.meta.dirname, "..");

/**
 * Bundles the lab once. Tests start it and its watchdog hundreds of times, and to find and load its hundreds of modules
 * takes a third of the processor time of a short command.
 * @param name of a folder in test-results/: two folders below the project, as the sources that look for their neighbours
 */
export async function buildLab(name: string): Promise<void> {
  const folder = folderOf(name);
  const fresh = `${folder}.new`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { recursive: true });
  await build({
    ...wholePrograms,
    outdir: fresh,
    splitting: true,
    entryPoints: {
      launch: join(ELECTRON, "hosts", "launch.mjs"),
      start: join(ELECTRON, "hosts", "start.mjs"),
      "killable-lab": join(ELECTRON, "testing", "killable-lab.ts"),
      watchdog: join(ELECTRON, "lab", "watchdog", "main.ts"),
      "history-worker": join(ELECTRON, "lab", "history", "worker.ts"),
      "evaluation-worker": join(ELECTRON, "lab", "queue", "evaluation-worker.ts"),
    },
    banner: { js: COMMONJS_GLOBALS },
  });
  rmSync(folder, { recursive: true, force: true });
  renameSync(fresh, folder);
  chooseLab(name);
}

/** Has tests start the lab that was built under this name. */
export function chooseLab(name: string): void {
  process.env[LAB_BUNDLES_VARIABLE] = folderOf(name);
}

/** Where the bundles of that name are. */
export function folderOf(name: string): string {
  return join(ELECTRON, "..", "test-results", name);
}
