import { join } from "node:path";
import { PROJECT_FOLDER } from "../lab/version.ts";

/**
 * Tests start the lab, its watchdog and its services hundreds of times: every Node started by this process uses the
 * compile cache of the lab's hosts.
 */
export function compileOnce(): void {
  process.env.NODE_COMPILE_CACHE ??= join(PROJECT_FOLDER, "node_modules", ".cache", "compiled");
}
