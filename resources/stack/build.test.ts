import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "stack-build-"));
  copyFileSync(join(import.meta.dirname, "build.mjs"), join(folder, "build.mjs"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function service(name: string, source: string): void {
  mkdirSync(join(folder, name));
  writeFileSync(join(folder, name, "main.ts"), source);
}

const installEsbuild = () =>
  symlinkSync(resolve(import.meta.dirname, "../../node_modules"), join(folder, "node_modules"));
const run = (...args: string[]) => spawnSync(process.execPath, args, { cwd: tmpdir(), encoding: "utf8" });
const build = () => run(join(folder, "build.mjs"));

test("bundles each folder with a main.ts into a program, including CommonJS, and removes bundles of deleted folders", () => {
  installEsbuild();
  mkdirSync(join(folder, "shared"));
  writeFileSync(join(folder, "shared", "greeting.ts"), 'export const greeting: string = "hello";');
  service(
    "first",
    'import pg from "pg"; import { greeting } from "../shared/greeting.ts"; console.log(greeting, typeof pg.Client);',
  );
  service("second", "await Promise.resolve();");
  const both = build();
  expect([both.status, both.stdout]).toEqual([0, ""]);
  expect(both.stderr).toMatch(/^stack: built 2 services in \d+ ms: first, second\n$/);
  expect(run(join(folder, "build", "first.mjs")).stdout).toBe("hello function\n");
  rmSync(join(folder, "second"), { recursive: true });
  expect(build().status).toBe(0);
  expect(readdirSync(join(folder, "build"))).toEqual(["first.mjs"]);
});

test("reports that there is nothing to build if no service exists", () => {
  installEsbuild();
  expect(build()).toMatchObject({ status: 0, stderr: expect.stringContaining("built 0 services") });
});

test("exits with 1 and the location of the error when a service does not build", () => {
  installEsbuild();
  service("broken", 'import { nothing } from "./nothing.ts";\nconsole.log(nothing);');
  expect(build()).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/the build failed[\s\S]*broken\/main\.ts:1:/),
  });
});

test("exits with 1 and the next step when esbuild is not installed", () => {
  service("first", "");
  expect(build()).toMatchObject({
    status: 1,
    stderr: expect.stringContaining("esbuild is not installed. Install the project"),
  });
  expect(existsSync(join(folder, "build"))).toBe(false);
});

test("loads nothing of an HTTP client with a service that only serves HTTP", () => {
  installEsbuild();
  service(
    "server",
    'import { createServer } from "node:http"; createServer().close(); console.log(process.moduleLoadList.filter((name) => name.endsWith("undici")));',
  );
  expect(build().status).toBe(0);
  expect(run(join(folder, "build", "server.mjs")).stdout).toBe("[]\n");
});
