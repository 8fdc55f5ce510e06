// How programs of the lab become bundles, for Electron and for the tests.
import { readFileSync } from "node:fs";
import type { BuildOptions, Plugin } from "esbuild";

/** The lab starts a process or a thread from the source beside it; in the bundle that is another bundle. */
function startedFrom(
  name: string,
  { by, source: from, bundle: to }: { by: RegExp; source: string; bundle: string },
): Plugin {
  return {
    name,
    setup(build) {
      build.onLoad({ filter: by }, ({ path }) => {
        const source = readFileSync(path, "utf8");
        const contents = source.replace(from, to);
        if (contents === source) throw new Error(`${path} no longer names ${from}: the bundle would start no ${name}`);
        return { contents, loader: "ts" };
      });
    },
  };
}

/** The bundles that a bundle of the lab starts: these names have to lie beside it. */
export const startedBeside = [
  startedFrom("watchdog", { by: /[\\/]watchdog[\\/]watchdog\.ts$/, source: '"main.ts"', bundle: '"watchdog.js"' }),
  startedFrom("history-worker", {
    by: /[\\/]history[\\/]worker-client\.ts$/,
    source: '"worker.ts"',
    bundle: '"history-worker.js"',
  }),
  startedFrom("evaluation-worker", {
    by: /[\\/]queue[\\/]evaluation-thread\.ts$/,
    source: '"evaluation-worker.ts"',
    bundle: '"evaluation-worker.js"',
  }),
];

/** Node's, with the packages that they need but for what is native. Packages that are CommonJS find what modules have no longer. */
export const wholePrograms: BuildOptions = {
  bundle: true,
  platform: "node",
  target: "node24",
  format: "esm",
  packages: "bundle",
  external: ["better-sqlite3", "cpu-features", "*.node"],
  logLevel: "warning",
  plugins: startedBeside,
};

export const COMMONJS_GLOBALS = [
  'import { createRequire } from "node:module";',
  "const require = createRequire(import.meta.url);",
  "const __dirname = import.meta.dirname;",
  "const __filename = import.meta.filename;",
].join("\n");
