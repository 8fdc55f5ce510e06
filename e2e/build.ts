import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { chromiumPath } from "../electron/testing/chromium-path.ts";
import { PAGE_FOLDER, PROJECT, shellUnderTest } from "./desktop/shell-under-test.ts";

/** Builds all that `npm start` does and the page of the shell's specs, and says aloud what the specs run on. */
export default async function buildAll(): Promise<void> {
  fetchChromium();
  execFileSync("npm", ["run", "--silent", "build"], { cwd: PROJECT, stdio: "inherit" });
  const source = join(import.meta.dirname, "desktop", "page");
  mkdirSync(PAGE_FOLDER, { recursive: true });
  await build({ entryPoints: [join(source, "page.ts")], bundle: true, format: "esm", outdir: PAGE_FOLDER });
  for (const name of ["index.html", "page.css"]) cpSync(join(source, name), join(PAGE_FOLDER, name));
  const { kind, binary } = shellUnderTest();
  process.stdout.write("browser host: in Chromium\n");
  process.stdout.write(
    kind === "electron"
      ? `desktop app: on Electron (${binary}); its stand-in is not needed\n`
      : "desktop app: on the stand-in for Electron; real Electron skipped, its binary is not there\n",
  );
}

/** @throws Error naming the cure when there is no browser and none can be fetched */
function fetchChromium(): void {
  const path = chromiumPath();
  if (existsSync(path)) return;
  if (process.env.CHROMIUM !== undefined) throw new Error(`CHROMIUM names ${path}, and there is no such file`);
  process.stdout.write("there is no Chromium: Playwright fetches its own\n");
  try {
    execFileSync("npx", ["playwright", "install", "chromium"], { cwd: PROJECT, stdio: "inherit" });
  } catch (cause) {
    throw new Error("Chromium could not be fetched: install it, or say in CHROMIUM where it is", { cause });
  }
}
