import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createPackageWithOptions } from "@electron/asar";
import { expect, startDesktop, test } from "./desktop.ts";
import { shellUnderTest } from "./shell-under-test.ts";

const PROGRAMS = [
  "dist/electron/watchdog.js",
  "dist/electron/history-worker.js",
  "resources/stack/build/gateway.mjs",
  "node_modules/database/database.node",
];

for (const program of PROGRAMS) {
  test(`a packaged app with a changed byte in ${program} starts nothing`, async ({ home }) => {
    test.skip(shellUnderTest().kind === "electron", "Electron is packaged or not, and the one at hand is not");
    const app = join(home, "app");
    for (const name of ["dist/electron/main.js", ...PROGRAMS]) {
      mkdirSync(join(app, name, ".."), { recursive: true });
      writeFileSync(join(app, name), `the program ${name}`);
    }
    const archive = join(home, "app.asar");
    await createPackageWithOptions(app, archive, { unpack: `{${PROGRAMS.map((name) => `**/${name}`).join(",")}}` });
    const changed = join(`${archive}.unpacked`, program);
    const bytes = readFileSync(changed);
    bytes[0] = (bytes[0] ?? 0) ^ 1;
    writeFileSync(changed, bytes);
    const data = join(home, "data");
    const report: string[] = [];
    const desktop = await startDesktop({ home: data, archive, onError: (text) => report.push(text) });
    expect(await desktop.ended).toBe(2);
    expect(report.join("")).toContain(`${program} has been changed`);
    // Not even the data folder was opened.
    expect(existsSync(join(data, "journal.db"))).toBe(false);
    expect(existsSync(join(data, "stacks"))).toBe(false);
  });
}
