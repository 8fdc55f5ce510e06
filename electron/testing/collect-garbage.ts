import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const collect: () => void = runInNewContext("gc");

/** Collects garbage repeatedly: finalisers can make more objects unreachable. */
export async function collectGarbage(): Promise<void> {
  for (let pass = 0; pass < 4; pass++) {
    collect();
    await new Promise((resolve) => setImmediate(resolve));
  }
}
