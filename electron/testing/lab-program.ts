import { join } from "node:path";

/** Set by the global setup of the tests: the folder of the lab's bundles. */
export const LAB_BUNDLES_VARIABLE = "LAB_BUNDLES";

const SOURCES = {
  launch: join("hosts", "launch.mjs"),
  start: join("hosts", "start.mjs"),
  "killable-lab": join("testing", "killable-lab.ts"),
};

/** The file with which Node starts a program of the lab: its bundle in tests, else its source. */
export function labProgram(name: keyof typeof SOURCES): string {
  const bundles = process.env[LAB_BUNDLES_VARIABLE];
  return bundles === undefined ? join(import.meta.dirname, "..", SOURCES[name]) : join(bundles, `${name}.js`);
}
