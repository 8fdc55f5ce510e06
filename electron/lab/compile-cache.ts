import { getCompileCacheDir } from "node:module";
import { dirname } from "node:path";

/**
 * Environment for Node processes that this one starts: the folder of this process's compile cache. Without it a program is
 * compiled again with each start. Empty when this process has no compile cache.
 */
export function compileCache(): { NODE_COMPILE_CACHE?: string } {
  const ofThisNode = getCompileCacheDir();
  return ofThisNode === undefined ? {} : { NODE_COMPILE_CACHE: dirname(ofThisNode) };
}
