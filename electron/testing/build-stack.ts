import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { compileOnce } from "./compile-once.ts";

/** Bundles the reference stack once, before any test brings it up. */
export default function buildStack(): void {
  compileOnce();
  const script = join(import.meta.dirname, "..", "..", "resources", "stack", "build.mjs");
  execFileSync(process.execPath, [script], { stdio: ["ignore", "ignore", "pipe"] });
}
