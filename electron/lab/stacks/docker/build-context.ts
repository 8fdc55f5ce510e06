import { createHash } from "node:crypto";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { readWholeFile } from "../../documents/read-whole-file.ts";
import { readDocument } from "../../documents/yaml-document.ts";
import { LabError } from "../../lab-error.ts";

/** Of one file; as much as can be read at once. */
const CONTEXT_FILE_LIMIT_BYTES = 1024 ** 3;

/** The files that a build is sent, relative to its folder and in a fixed order. */
export function contextFiles(folder: string, dockerfile: string): string[] {
  if (!existsSync(join(folder, dockerfile))) {
    throw new LabError("bad-input", `there is no ${join(folder, dockerfile)} to build from`);
  }
  const ignoreFile = join(folder, ".dockerignore");
  const isIgnored = dockerIgnore(existsSync(ignoreFile) ? readDocument(ignoreFile) : "");
  const files = filesUnder(folder, "").filter((path) => path === dockerfile || !isIgnored(path));
  return files.sort();
}

/** What a build depends on, in one word: an image that carries it needs no other build. */
export function contextDigest(folder: string, files: readonly string[], rest: unknown): string {
  const hash = createHash("sha256").update(JSON.stringify(rest));
  for (const file of files) {
    const path = join(folder, file);
    hash.update(`\0${file}\0${statSync(path).mode & 0o111}\0`).update(readWholeFile(path, CONTEXT_FILE_LIMIT_BYTES));
  }
  return hash.digest("hex");
}

/** The rules of a .dockerignore: patterns from the context's root, `!` takes back, the last that matches decides. */
export function dockerIgnore(source: string): (path: string) => boolean {
  const rules = source
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => ({ takesBack: line.startsWith("!"), pattern: toPattern(line.replace(/^!/, "")) }));
  return (path) => rules.findLast(({ pattern }) => pattern.test(path))?.takesBack === false;
}

/** A pattern also covers what is under a folder that it matches. */
function toPattern(glob: string): RegExp {
  const trimmed = glob.replace(/^\.?\/+/, "").replace(/\/+$/, "");
  const source = trimmed.replaceAll(/\*\*\/?|[*?]|[.+^${}()|\\]/g, (part) => {
    if (part === "**/") return "(?:.*/)?";
    if (part === "**") return ".*";
    if (part === "*") return "[^/]*";
    return part === "?" ? "[^/]" : `\\${part}`;
  });
  return new RegExp(`^${source}(?:/.*)?$`, "s");
}

function filesUnder(folder: string, below: string): string[] {
  return readdirSync(join(folder, below), { withFileTypes: true }).flatMap((entry) => {
    const path = below === "" ? entry.name : `${below}/${entry.name}`;
    return entry.isDirectory() ? filesUnder(folder, path) : entry.isFile() || entry.isSymbolicLink() ? [path] : [];
  });
}
