import { join } from "node:path";
import { PROJECT_FOLDER } from "../lab/version.ts";

/**
 * Tests start the lab, its watchdog and its services hundreds of times: from here on every Node that this process starts keeps
 * what it has compiled, in the folder where the lab's hosts keep it, and takes it from there.
 */
export function compileOnce(): void {
  process.env.NODE_COMPILE_CACHE ??= join(PROJECT_FOLDER, "node_modules", ".cache", "compiled");
}
