import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { buffer } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "../../../testing/temporary-folder.ts";
import { contextDigest, contextFiles, dockerIgnore } from "./build-context.ts";
import { tarOf } from "./tar.ts";

function folderWith(files: Record<string, string>): string {
  const folder = temporaryFolder();
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

describe(".dockerignore", () => {
  test.each([
    ["node_modules", ["node_modules/a/b.js"], ["src/node_modules.ts", "src/node_modules/x"]],
    ["**/node_modules", ["node_modules/a", "src/node_modules/x"], ["src/x"]],
    ["*.log", ["a.log"], ["src/a.log", "alog"]],
    ["/build/", ["build/x"], ["src/build/x"]],
    ["*\n!build\nbuild/a.mjs", ["x", "src/y", "build/a.mjs"], ["build/b.mjs"]],
    ["# *\n\nfile?.txt", ["file1.txt"], ["file.txt", "file12.txt"]],
    ["a+b(1)", ["a+b(1)"], ["aab1"]],
  ])("%j", (rules, ignored, kept) => {
    const isIgnored = dockerIgnore(rules);
    expect(ignored.filter((path) => !isIgnored(path))).toEqual([]);
    expect(kept.filter(isIgnored)).toEqual([]);
  });

  test("never leaves out the Dockerfile itself", () => {
    const folder = folderWith({ ".dockerignore": "*\n!a", Dockerfile: "FROM x", a: "1", b: "2" });
    expect(contextFiles(folder, "Dockerfile")).toEqual(["Dockerfile", "a"]);
  });
});

test("what is built from has changed when a file, its name or an argument has", () => {
  const digest = (files: Record<string, string>, rest: unknown = {}) => {
    const folder = folderWith(files);
    return contextDigest(folder, Object.keys(files), rest);
  };
  const digests = [
    digest({ a: "1", b: "2" }),
    digest({ a: "1", b: "3" }),
    digest({ a: "1", c: "2" }),
    digest({ a: "1", b: "2" }, { args: { X: "1" } }),
  ];
  expect(new Set(digests).size).toBe(4);
  expect(digest({ a: "1", b: "2" })).toBe(digests[0]);
});

test("the tar holds the files as they are, long names too", async () => {
  const deep = `${"folder-with-a-long-name/".repeat(6)}file.txt`;
  const files = { "a.txt": "hello", empty: "", "big.bin": "x".repeat(100_000), [deep]: "deep" };
  const folder = folderWith(files);
  const tar = await buffer(tarOf(folder, Object.keys(files)));
  expect(tar.length % 512).toBe(0);
  const target = temporaryFolder();
  execFileSync("tar", ["-x", "-C", target], { input: tar });
  for (const [name, content] of Object.entries(files)) expect(readFileSync(join(target, name), "utf8")).toBe(content);
  expect(await buffer(tarOf(folder, Object.keys(files)))).toEqual(tar);
});

test("a path that no tar can name is an error", async () => {
  const name = `${"d".repeat(90)}/${"e".repeat(90)}/${"f".repeat(120)}`;
  const folder = folderWith({ [name]: "x" });
  await expect(buffer(tarOf(folder, [name]))).rejects.toThrow("is too long to be sent to the engine");
});
