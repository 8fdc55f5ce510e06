import { execFile } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { PROJECT_FOLDER } from "../lab/version.ts";
import { findChromium } from "./find-chromium.ts";
import { unpackChromium } from "./npm-chromium.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const run = promisify(execFile);

function program(source: string): string {
  const file = join(temporaryFolder(), "chromium");
  writeFileSync(file, `#!/bin/sh\n${source}\n`);
  chmodSync(file, 0o755);
  return file;
}

describe("the browser that is named", () => {
  test("is taken when it starts", async () => {
    const named = program("echo Chromium 1");
    expect(await findChromium(named)).toBe(named);
  });

  test.each([
    ["is not there", () => "/nowhere/chromium", "/nowhere/chromium is not there"],
    ["lacks a library", () => program("echo libx.so: cannot open >&2; exit 127"), "libx.so: cannot open"],
    ["ends at once", () => program("exit 3"), "it ended with 3"],
  ])("and %s is an error in one line, and no other is taken", async (_what, named, why) => {
    const file = named();
    await expect(findChromium(file)).rejects.toThrow(`CHROMIUM names ${file}, which does not start: ${why}`);
  });
});

const SHOW = `
  import { chromium } from "@playwright/test";
  const browser = await chromium.launch({ executablePath: process.argv[1], args: ["--no-sandbox", "--disable-gpu"] });
  const page = await browser.newPage();
  await page.setContent("<span>iiiiiiii</span><br><span>WWWWWWWW</span>");
  console.log(JSON.stringify(await page.locator("span").evaluateAll((spans) => spans.map(({ offsetWidth }) => offsetWidth))));
  await browser.close();
`;

// Hiding files takes a mount namespace, and that takes root.
describe.runIf(process.platform === "linux" && process.arch === "x64" && process.getuid?.() === 0)(
  "npm's browser",
  () => {
    test("draws text on a machine without its libraries and without fonts", async () => {
      const empty = join(temporaryFolder(), "empty");
      mkdirSync(empty);
      writeFileSync(`${empty}-file`, "");
      const hide = `
      for folder in /usr/share/fonts /etc/fonts; do [ ! -d $folder ] || mount --bind ${empty} $folder || exit; done
      for file in $(find /usr/lib -type f -name 'libnss*3.so*' -o -type f -name 'libnspr4.so*' -o -type f -name 'libexpat.so*')
      do mount --bind ${empty}-file "$file" || exit; done
      exec "$@"`;
      const show = [process.execPath, "--input-type=module", "-e", SHOW, await unpackChromium()];
      const { stdout } = await run("unshare", ["--mount", "sh", "-c", hide, "sh", ...show], { cwd: PROJECT_FOLDER });
      const [narrow, wide] = JSON.parse(stdout);
      expect(narrow).toBeGreaterThan(0);
      expect(wide).toBeGreaterThan(2 * narrow);
    });
  },
);
