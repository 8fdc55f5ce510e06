import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { buildLab } from "../electron/testing/build-lab.ts";
import { compileOnce } from "../electron/testing/compile-once.ts";
import { findChromium } from "../electron/testing/find-chromium.ts";
import { PAGE_FOLDER, PROJECT, shellUnderTest } from "./desktop/shell-under-test.ts";

/** Builds everything that `npm start` builds and the page of the shell's specs, and prints what the specs run on. */
export default async function buildAll(): Promise<void> {
  compileOnce();
  // Used by everything that the specs start.
  process.env.CHROMIUM = await findChromium(process.env.CHROMIUM).catch(inOneLine);
  execFileSync("npm", ["run", "--silent", "build"], { cwd: PROJECT, stdio: "inherit" });
  await buildLab("lab-of-pages");
  const source = join(import.meta.dirname, "desktop", "page");
  mkdirSync(PAGE_FOLDER, { recursive: true });
  await build({ entryPoints: [join(source, "page.ts")], bundle: true, format: "esm", outdir: PAGE_FOLDER });
  for (const name of ["index.html", "page.css"]) cpSync(join(source, name), join(PAGE_FOLDER, name));
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
