import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { PAGE_FOLDER, PROJECT, shellUnderTest } from "./shell-under-test.ts";

/** Bundles main, preload and the specs' page, and says aloud what the specs run on. */
export default async function buildShell(): Promise<void> {
  execFileSync(process.execPath, [join(PROJECT, "resources", "stack", "build.mjs")], { stdio: "inherit" });
  execFileSync(process.execPath, [join(PROJECT, "electron", "build.mjs")], { stdio: "inherit" });
  const source = join(import.meta.dirname, "page");
  mkdirSync(PAGE_FOLDER, { recursive: true });
  await build({ entryPoints: [join(source, "page.ts")], bundle: true, format: "esm", outdir: PAGE_FOLDER });
  for (const name of ["index.html", "page.css"]) cpSync(join(source, name), join(PAGE_FOLDER, name));
  const { kind, binary } = shellUnderTest();
  process.stdout.write(
    kind === "electron"
      ? `desktop shell: on Electron (${binary})\n`
      : "desktop shell: on the stand-in for Electron; real Electron skipped, no binary\n",
  );
}
