import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createPackageWithOptions } from "@electron/asar";
import { expect, test } from "vitest";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { alteredFiles } from "./unpacked-files.ts";

const SERVICE = "resources/stack/build/gateway.mjs";
const NATIVE = "node_modules/database/database.node";
const WATCHDOG = "dist/electron/watchdog.js";

/** Packaged by the tool that electron-builder packages with. */
async function packaged(): Promise<{ archive: string; unpacked: string }> {
  const folder = temporaryFolder();
  const app = join(folder, "app");
  for (const [name, text] of Object.entries({
    "dist/electron/main.js": "start()",
    [WATCHDOG]: "watch()",
    [SERVICE]: "serve()",
    [NATIVE]: "\0native\0".repeat(1_000),
    "node_modules/database/package.json": "{}",
  })) {
    mkdirSync(join(app, name, ".."), { recursive: true });
    writeFileSync(join(app, name), text);
  }
  symlinkSync("database.node", join(app, "node_modules/database/link.node"));
  const archive = join(folder, "app.asar");
  await createPackageWithOptions(app, archive, { unpack: "{**/watchdog.js,**/resources/**,**/node_modules/**}" });
  return { archive, unpacked: `${archive}.unpacked` };
}

test("an app as it was packaged has no altered files, wherever it is installed", async () => {
  const { archive, unpacked } = await packaged();
  expect(alteredFiles(archive)).toEqual([]);
  const elsewhere = join(temporaryFolder(), "app.asar");
  cpSync(archive, elsewhere);
  cpSync(unpacked, `${elsewhere}.unpacked`, { recursive: true, verbatimSymlinks: true });
  expect(alteredFiles(elsewhere)).toEqual([]);
});

test.each([WATCHDOG, SERVICE, NATIVE, "node_modules/database/package.json"])(
  "one byte of %s is noticed",
  async (name) => {
    const { archive, unpacked } = await packaged();
    const bytes = readFileSync(join(unpacked, name));
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    writeFileSync(join(unpacked, name), bytes);
    expect(alteredFiles(archive)).toEqual([`${name} has been changed`]);
  },
);

test("a missing file, a new file and a changed link are detected", async () => {
  const { archive, unpacked } = await packaged();
  rmSync(join(unpacked, WATCHDOG));
  mkdirSync(join(unpacked, "node_modules", "other"));
  writeFileSync(join(unpacked, "node_modules", "other", "index.js"), "");
  unlinkSync(join(unpacked, "node_modules/database/link.node"));
  symlinkSync("/tmp/elsewhere.node", join(unpacked, "node_modules/database/link.node"));
  expect(alteredFiles(archive)).toEqual([
    "dist/electron/watchdog.js is missing",
    "node_modules/database/link.node has been changed",
    "node_modules/other/index.js does not belong to the app",
  ]);
});

test("a link that replaces a file is detected, also with the same content", async () => {
  const { archive, unpacked } = await packaged();
  const copy = join(temporaryFolder(), "watchdog.js");
  cpSync(join(unpacked, WATCHDOG), copy);
  rmSync(join(unpacked, WATCHDOG));
  symlinkSync(copy, join(unpacked, WATCHDOG));
  expect(alteredFiles(archive)).toEqual([`${WATCHDOG} has been changed`]);
});
