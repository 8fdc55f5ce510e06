import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../../testing/temporary-folder.ts";
import { fetchElectron, findElectron } from "./electron-binary.ts";

function packageWith(installer: string): string {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "install.js"), installer);
  return folder;
}

const fetchWith = (packageFolder: string, report: (megabytes: number) => void = () => {}) =>
  fetchElectron({
    packageFolder,
    environment: process.env,
    signal: new AbortController().signal,
    report,
    noProgressLimitMs: 600,
  });

test("a binary is found at the package's own path", () => {
  const folder = temporaryFolder();
  expect(findElectron(folder, {})).toBeUndefined();
  mkdirSync(join(folder, "dist"));
  writeFileSync(join(folder, "path.txt"), "electron");
  expect(findElectron(folder, {})).toBeUndefined();
  writeFileSync(join(folder, "dist", "electron"), "");
  expect(findElectron(folder, {})).toBe(join(folder, "dist", "electron"));
  expect(findElectron(temporaryFolder(), { ELECTRON_OVERRIDE_DIST_PATH: join(folder, "dist") })).toBe(
    join(folder, "dist", "electron"),
  );
});

test("a download without progress is aborted, and its process ended", async () => {
  expect(await fetchWith(packageWith("setInterval(() => {}, 1000)"))).toBe("no progress for 0.6 s");
});

test("a download with progress is awaited, however long it takes", async () => {
  const slow = `
    const { appendFileSync } = require("node:fs");
    let written = 0;
    const timer = setInterval(() => {
      appendFileSync(process.env.TMPDIR + "/part", Buffer.alloc(100000));
      if (++written === 10) clearInterval(timer);
    }, 200);`;
  const seen: number[] = [];
  expect(await fetchWith(packageWith(slow), (megabytes) => seen.push(megabytes))).toBeUndefined();
  expect(seen.length).toBeGreaterThan(1);
});

test("a failed installer is reported in one line", async () => {
  expect(await fetchWith(packageWith('console.error("no route to host\\nat line 1"); process.exit(1)'))).toBe(
    "no route to host",
  );
  expect(await fetchWith(temporaryFolder())).toBe("the electron package is not installed");
});
