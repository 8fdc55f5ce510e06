// Bundles what Electron runs: the shell with the engine as one module, the preload as one CommonJS file (a sandboxed
// preload can load nothing else), the watchdog, which is a process of its own, and the worker of the run history, which is
// started as threads. Packages stay packages: one is native.
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { COMMONJS_GLOBALS, startedBeside, wholePrograms } from "./bundling.ts";

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

const common = { bundle: true, platform: "node", target: "node24", outdir: out, logLevel: "warning", sourcemap: true };

const mainProcess = {
  ...common,
  ...place,
  format: "esm",
  packages: "external",
  plugins: startedBeside,
};
// In parts, so that what the first checks is not loaded with it.
await build({
  ...mainProcess,
  entryPoints: { main: join(folder, "shell", "checked-start.ts") },
  chunkNames: "[name]-[hash]",
  splitting: true,
});
// Whole: they lie beside the archive, where nothing of what is in it is found. Only the native database module is there too.
await build({
  ...mainProcess,
  ...wholePrograms,
  entryPoints: {
    watchdog: join(folder, "lab", "watchdog", "main.ts"),
    "history-worker": join(folder, "lab", "history", "worker.ts"),
    "evaluation-worker": join(folder, "lab", "queue", "evaluation-worker.ts"),
  },
  banner: { js: `${COMMONJS_GLOBALS}\n${place.banner.js}` },
});
await build({
  ...common,
  entryPoints: { preload: join(folder, "preload.ts") },
  outExtension: { ".js": ".cjs" },
  format: "cjs",
  external: ["electron"],
});
