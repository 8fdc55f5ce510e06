import { getCompileCacheDir } from "node:module";
import { dirname } from "node:path";

/**
 * For the environment of a Node that this process starts: the folder in which this one keeps what it has compiled. Without
 * it a program is compiled again with each start. Nothing where this process keeps none.
 */
export function compileCache(): { NODE_COMPILE_CACHE?: string } {
  const ofThisNode = getCompileCacheDir();
  return ofThisNode === undefined ? {} : { NODE_COMPILE_CACHE: dirname(ofThisNode) };
}
