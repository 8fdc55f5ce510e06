import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { buildLab, chooseLab } from "../electron/testing/build-lab.ts";
import { compileOnce } from "../electron/testing/compile-once.ts";
import { findChromium } from "../electron/testing/find-chromium.ts";
import { isBuiltFrom, noteBuiltFrom, sourceState } from "./built-from.ts";
import { PAGE_FOLDER, PROJECT, shellUnderTest } from "./desktop/shell-under-test.ts";

const LAB = "lab-of-pages";

/**
 * Builds everything that `npm start` builds and the page of the shell's specs, unless it is built, and prints what the specs
 * run on.
 */
export default async function buildAll(): Promise<void> {
  compileOnce();
  // Used by everything that the specs start.
  process.env.CHROMIUM = await findChromium(process.env.CHROMIUM).catch(inOneLine);
  const sources = sourceState();
  if (isBuiltFrom(sources, [PAGE_FOLDER, join(PROJECT, "test-results", LAB)])) {
    chooseLab(LAB);
  } else {
    execFileSync("npm", ["run", "--silent", "build"], { cwd: PROJECT, stdio: "inherit" });
    await buildLab(LAB);
    const source = join(import.meta.dirname, "desktop", "page");
    mkdirSync(PAGE_FOLDER, { recursive: true });
    await build({ entryPoints: [join(source, "page.ts")], bundle: true, format: "esm", outdir: PAGE_FOLDER });
    for (const name of ["index.html", "page.css"]) cpSync(join(source, name), join(PAGE_FOLDER, name));
    noteBuiltFrom(sources);
  }
  const { kind, binary } = shellUnderTest();
  process.stdout.write(`browser host: in ${process.env.CHROMIUM}\n`);
  process.stdout.write(
    kind === "electron"
      ? `desktop app: on Electron (${binary}); its stand-in is not needed\n`
      : "desktop app: on the stand-in for Electron; real Electron skipped, its binary is not there\n",
  );
}

/** Omits the stack and the source lines that Playwright shows for an error: the machine lacks something. */
function inOneLine(error: Error): never {
  throw Object.assign(error, { stack: "" });
}
