import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const collect: () => void = runInNewContext("gc");

/** Frees what nothing holds any more. More than once: what a finaliser frees can free more. */
export async function collectGarbage(): Promise<void> {
  for (let pass = 0; pass < 4; pass++) {
    collect();
    await new Promise((resolve) => setImmediate(resolve));
  }
}
