// How programs of the lab become bundles, for Electron and for the tests.
import { readFileSync } from "node:fs";
import type { BuildOptions, Plugin } from "esbuild";

/** Where the lab starts a process or a thread from the source beside it: a file, what it names, and the bundle of that. */
export const STARTED = [
  { name: "watchdog", by: /[\\/]watchdog[\\/]watchdog\.ts$/, source: '"main.ts"', bundle: "watchdog.js" },
  {
    name: "history-worker",
    by: /[\\/]history[\\/]worker-client\.ts$/,
    source: '"worker.ts"',
    bundle: "history-worker.js",
  },
  {
    name: "evaluation-worker",
    by: /[\\/]queue[\\/]evaluation-thread\.ts$/,
    source: '"evaluation-worker.ts"',
    bundle: "evaluation-worker.js",
  },
];

/** The bundles that a bundle of the lab starts: these names have to lie beside it. */
export const startedBeside = STARTED.map(
  ({ name, by, source: from, bundle }): Plugin => ({
    name,
    setup(build) {
      build.onLoad({ filter: by }, ({ path }) => {
        const source = readFileSync(path, "utf8");
        const contents = source.replace(from, JSON.stringify(bundle));
        if (contents === source) throw new Error(`${path} no longer names ${from}: the bundle would start no ${name}`);
        return { contents, loader: "ts" };
      });
    },
  }),
);

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
