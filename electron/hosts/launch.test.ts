import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../testing/temporary-folder.ts";

const launcher = join(import.meta.dirname, "launch.mjs");

/** A Node that cannot run TypeScript, as one that is too old. */
const OLD_NODE = "--no-strip-types";

function launch(file: string, args: readonly string[], environment: Record<string, string> = {}) {
  const options = {
    encoding: "utf8" as const,
    env: { ...process.env, RESILIENCE_LAB_HOME: temporaryFolder(), ...environment },
  };
  return spawnSync(process.execPath, [...args.slice(0, -1), file, ...args.slice(-1)], options);
}

test("starts the lab on a Node that can run it", () => {
  expect(launch(launcher, ["--version"])).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    stderr: "",
  });
});

test("starts it again with the Node that the project installs when this one is too old", () => {
  expect(launch(launcher, [OLD_NODE, "--version"])).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
  });
});

test("returns the exit code of the process that it started", () => {
  expect(launch(launcher, [OLD_NODE, "no-such-command"])).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('there is no command "no-such-command"'),
  });
});

test("reports the required version and the next step when there is no other Node", () => {
  const folder = join(temporaryFolder(), "electron", "hosts");
  mkdirSync(folder, { recursive: true });
  for (const name of ["launch.mjs", "own-node.mjs"]) copyFileSync(join(import.meta.dirname, name), join(folder, name));
  const { status, stderr, stdout } = launch(join(folder, "launch.mjs"), [OLD_NODE, "--version"]);
  expect(status).toBe(2);
  expect(stdout).toBe("");
  expect(stderr).toMatch(/^Resilience Lab needs Node 22\.\d+ or newer; this is v\d+\..*\n.*npm ci/);
});

test("does not restart itself repeatedly when the Node that the project installs is too old as well", () => {
  const { status, stderr } = launch(launcher, [OLD_NODE, "--version"], { RESILIENCE_LAB_RELAUNCHED: "1" });
  expect(status).toBe(2);
  expect(stderr).toContain("Resilience Lab needs Node");
});

test("loads neither an HTTP client nor an MCP client for a command that runs nothing", () => {
  const listing = join(temporaryFolder(), "list.cjs");
  writeFileSync(
    listing,
    `process.on("exit", () => {
      const loaded = [...process.moduleLoadList, ...Object.keys(require("node:module")._cache)];
      // The MCP client is an ES module, which no list has; the validator that it loads is not.
      process.stderr.write(["undici", "ajv", "better-sqlite3"].filter((name) => loaded.some((file) => file.includes(name))).join());
    });`,
  );
  const listed = spawnSync(process.execPath, ["--require", listing, launcher, "history", "list"], {
    encoding: "utf8",
    env: { ...process.env, RESILIENCE_LAB_HOME: temporaryFolder() },
  });
  expect(listed).toMatchObject({ status: 0, stderr: "better-sqlite3" });
});
