// Bundles what Electron runs: the shell with the engine as one module, the preload as one CommonJS file (a sandboxed
// preload can load nothing else), and the watchdog, which is a process of its own. Packages stay packages: one is native.
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const folder = fileURLToPath(new URL(".", import.meta.url));
const out = join(folder, "..", "dist", "electron");
rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });

// The bundle lies two folders below the project, as the sources that look for their neighbours do. In a packaged app
// those neighbours are files beside the archive, since other programs read and run them.
const place = {
  define: { "import.meta.dirname": "__labFolder" },
  banner: { js: 'const __labFolder = import.meta.dirname.replace(/app\\.asar(?=[\\\\/])/, "app.asar.unpacked");' },
};

/** The lab starts its watchdog from the source beside it; in the bundle that is another bundle. */
const watchdogBeside = {
  name: "watchdog-beside",
  setup(build) {
    build.onLoad({ filter: /[\\/]watchdog[\\/]watchdog\.ts$/ }, ({ path }) => {
      const source = readFileSync(path, "utf8");
      const contents = source.replace('"main.ts"', '"watchdog.js"');
      if (contents === source) throw new Error(`${path} no longer names "main.ts": the bundle would start no watchdog`);
      return { contents, loader: "ts" };
    });
  },
};

const common = { bundle: true, platform: "node", target: "node24", outdir: out, logLevel: "warning", sourcemap: true };

const mainProcess = {
  ...common,
  ...place,
  format: "esm",
  packages: "external",
  plugins: [watchdogBeside],
};
// In parts, so that what the first checks is not loaded with it.
await build({
  ...mainProcess,
  entryPoints: { main: join(folder, "shell", "checked-start.ts") },
  chunkNames: "[name]-[hash]",
  splitting: true,
});
// Whole, with the packages that it needs: it lies beside the archive, where nothing of what is in the archive is found.
// Only the native database module is there too. Packages that are CommonJS find what modules have no longer.
await build({
  ...mainProcess,
  entryPoints: { watchdog: join(folder, "lab", "watchdog", "main.ts") },
  packages: "bundle",
  external: ["better-sqlite3", "cpu-features", "*.node"],
  banner: {
    js: [
      'import { createRequire } from "node:module";',
      "const require = createRequire(import.meta.url);",
      "const __dirname = import.meta.dirname;",
      "const __filename = import.meta.filename;",
      place.banner.js,
    ].join("\n"),
  },
});
await build({
  ...common,
  entryPoints: { preload: join(folder, "preload.ts") },
  outExtension: { ".js": ".cjs" },
  format: "cjs",
  external: ["electron"],
});
