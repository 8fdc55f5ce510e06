import { MANIFEST_PATH } from "./format.ts";

/** Files that Finder, Windows Explorer and others leave in every folder and zip; no part of a bundle. */
export function isSystemFile(path: string): boolean {
  const parts = path.split("/");
  const name = parts.at(-1) ?? "";
  return parts.includes("__MACOSX") || name.startsWith("._") || SYSTEM_FILES.has(name.toLowerCase());
}
const SYSTEM_FILES = new Set([".ds_store", "thumbs.db", "desktop.ini"]);

/** The folder that the bundle's files are in, with its slash: "" at the top; undefined when no manifest is there. */
export function rootOf(paths: Iterable<string>): string | undefined {
  const roots = [...paths]
    .filter((path) => path === MANIFEST_PATH || path.endsWith(`/${MANIFEST_PATH}`))
    .map((path) => path.slice(0, -MANIFEST_PATH.length))
    .sort((a, b) => a.split("/").length - b.split("/").length);
  return roots[0];
}

/** The zip files among these. */
export function zipsIn(paths: Iterable<string>): string[] {
  return [...paths].filter((path) => /\.zip$/i.test(path));
}
