import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PROJECT } from "./desktop/shell-under-test.ts";

const SOURCES = ["electron", "renderer", "resources/stack", "e2e/desktop/page", "package.json", "package-lock.json"];
const SETTINGS = ["vite.config.ts", "vite.viewer.config.ts"];
const RESULTS = ["dist/renderer", "dist/viewer", "dist/electron", "resources/stack/build"];
const NOTE = join(PROJECT, "test-results", "built-from.txt");

/** Names, times and sizes of all that is built from: of two commands, one after the other, the second builds nothing. */
export function sourceState(): string {
  const files = [...SOURCES, ...SETTINGS].flatMap((each) => filesIn(join(PROJECT, each)));
  return files.map((file) => [file, statSync(file).mtimeMs, statSync(file).size].join(" ")).join("\n");
}

/** @param more results that have to be there, besides those of `npm run build` */
export function isBuiltFrom(sources: string, more: readonly string[]): boolean {
  const results = [...RESULTS.map((each) => join(PROJECT, each)), ...more, NOTE];
  return results.every((each) => existsSync(each)) && readFileSync(NOTE, "utf8") === sources;
}

export function noteBuiltFrom(sources: string): void {
  writeFileSync(NOTE, sources);
}

function filesIn(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  const entries = readdirSync(path, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  return files.filter((file) => !file.includes(join("stack", "build"))).sort();
}
