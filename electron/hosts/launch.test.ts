import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../testing/temporary-folder.ts";

const launcher = join(import.meta.dirname, "launch.mjs");

/** A Node that cannot run TypeScript, as one that is too old. */
const OLD_NODE = "--no-strip-types";

function launch(file: string, words: readonly string[], environment: Record<string, string> = {}) {
  const options = {
    encoding: "utf8" as const,
    env: { ...process.env, RESILIENCE_LAB_HOME: temporaryFolder(), ...environment },
  };
  return spawnSync(process.execPath, [...words.slice(0, -1), file, ...words.slice(-1)], options);
}

test("starts the lab on a Node that can run it", () => {
  expect(launch(launcher, ["--version"])).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    stderr: "",
  });
});

test("starts it again with the Node that the project brings when this one is too old", () => {
  expect(launch(launcher, [OLD_NODE, "--version"])).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
  });
});

test("hands on the exit code of the one that it started", () => {
  expect(launch(launcher, [OLD_NODE, "no-such-command"])).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('there is no command "no-such-command"'),
  });
});

test("says what is needed, and what to do, when there is no other Node", () => {
  const folder = join(temporaryFolder(), "electron", "hosts");
  mkdirSync(folder, { recursive: true });
  for (const name of ["launch.mjs", "own-node.mjs"]) copyFileSync(join(import.meta.dirname, name), join(folder, name));
  const { status, stderr, stdout } = launch(join(folder, "launch.mjs"), [OLD_NODE, "--version"]);
  expect(status).toBe(2);
  expect(stdout).toBe("");
  expect(stderr).toMatch(/^Resilience Lab needs Node 22\.\d+ or newer; this is v\d+\..*\n.*npm ci/);
});

test("does not start itself over and over when the Node that the project brings is too old as well", () => {
  const { status, stderr } = launch(launcher, [OLD_NODE, "--version"], { RESILIENCE_LAB_RELAUNCHED: "1" });
  expect(status).toBe(2);
  expect(stderr).toContain("Resilience Lab needs Node");
});
