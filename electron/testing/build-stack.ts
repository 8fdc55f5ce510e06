import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { buildLab } from "./build-lab.ts";
import { compileOnce } from "./compile-once.ts";

/** Bundles the reference stack and the lab once, before any test starts them. */
export default async function buildStack(): Promise<void> {
  compileOnce();
  const script = join(import.meta.dirname, "..", "..", "resources", "stack", "build.mjs");
  execFileSync(process.execPath, [script], { stdio: ["ignore", "ignore", "pipe"] });
  await buildLab("lab-of-parts");
}
