import { execFileSync } from "node:child_process";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { buildLab } from "./build-lab.ts";
import { compileOnce } from "./compile-once.ts";

/** Name of the lab's bundles. */
export const LAB_OF_PARTS = "lab-of-parts";

/** Bundles the reference stack and the lab before any test starts them, and again when a source has changed. */
export default async function buildBefore(project: TestProject): Promise<void> {
  compileOnce();
  await buildStack();
  project.onTestsRerun(buildStack);
}

async function buildStack(): Promise<void> {
  const script = join(import.meta.dirname, "..", "..", "resources", "stack", "build.mjs");
  execFileSync(process.execPath, [script], { stdio: ["ignore", "ignore", "pipe"] });
  await buildLab(LAB_OF_PARTS);
}
