import { join } from "node:path";
import type { Plugin } from "vite";
import { STARTED } from "../bundling.ts";

/**
 * A lab that runs inside of a test starts its watchdog and its threads from bundles in this folder, as the packaged app does.
 * To start each from its sources takes as long as many a test.
 */
export function startsBundles(folder: string): Plugin {
  return {
    name: "starts-bundles",
    enforce: "pre",
    transform(code, path) {
      const started = STARTED.find(({ by }) => by.test(path));
      if (started === undefined) return undefined;
      const from = `join(import.meta.dirname, ${started.source})`;
      if (!code.includes(from)) throw new Error(`${path} no longer has ${from}: tests would start no bundle`);
      return { code: code.replace(from, JSON.stringify(join(folder, started.bundle))), map: null };
    },
  };
}
