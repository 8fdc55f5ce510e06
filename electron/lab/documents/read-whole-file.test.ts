import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "../../testing/temporary-folder.ts";
import { ScenarioLibrary } from "../service/scenarios/scenario-library.ts";
import { loadStack } from "../stacks/stack-file.ts";
import { readWholeFile } from "./read-whole-file.ts";
import { readYaml } from "./yaml-document.ts";

const KIB = 1024;

/** A pipe without a writer: a process that opens it blocks forever. */
function pipeIn(folder: string, name: string): string {
  const file = join(folder, name);
  execFileSync("mkfifo", [file]);
  return file;
}

test("a regular file is read completely, also through a link", () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "a"), "text");
  symlinkSync(join(folder, "a"), join(folder, "link"));
  expect(readWholeFile(join(folder, "link"), 4).toString()).toBe("text");
});

test("anything else is refused by name, with the next step", () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, "inner"));
  expect(() => readWholeFile(join(folder, "none"), KIB)).toThrow(/none cannot be read: ENOENT/);
  expect(() => readWholeFile(join(folder, "inner"), KIB)).toThrow(/inner cannot be read: it is a folder, not a file/);
  expect(() => readWholeFile("/dev/zero", KIB)).toThrow(/\/dev\/zero cannot be read: it is not a regular file/);
});

test("a file above the limit is refused before it is read", () => {
  const file = join(temporaryFolder(), "large.yaml");
  writeFileSync(file, "");
  truncateSync(file, 900 * KIB * KIB);
  const before = process.resourceUsage().maxRSS;
  expect(() => readYaml(file)).toThrow(/large\.yaml is too large: 921600 KiB, at most 1024 KiB/);
  expect((process.resourceUsage().maxRSS - before) * KIB).toBeLessThan(100 * KIB * KIB);
});

describe.skipIf(process.platform === "win32")("a pipe without a writer is refused at once:", () => {
  test("as a document", () => {
    const pipe = pipeIn(temporaryFolder(), "pipe.yaml");
    expect(() => readYaml(pipe)).toThrow(/pipe\.yaml cannot be read: it is not a regular file/);
  });

  test("as the .env file of a stack file", () => {
    const folder = temporaryFolder();
    const file = join(folder, "stack.yaml");
    writeFileSync(file, "services: { a: { image: x } }\n");
    pipeIn(folder, ".env");
    expect(() => loadStack(file, {})).toThrow(/\.env cannot be read: it is not a regular file/);
  });

  test("as a link in the folder of the user's scenarios", () => {
    const folder = temporaryFolder();
    symlinkSync(pipeIn(folder, "pipe"), join(folder, "link.yaml"));
    const { broken } = new ScenarioLibrary([], folder).list();
    expect(broken).toMatchObject([
      { name: "link.yaml", cannotOpenBecause: expect.stringMatching(/not a regular file/) },
    ]);
  });
});
