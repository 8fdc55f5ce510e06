import { createHash } from "node:crypto";
import { closeSync, lstatSync, openSync, readdirSync, readFileSync, readlinkSync, readSync } from "node:fs";
import { dirname, join, relative } from "node:path";

/**
 * Files beside the archive (`app.asar.unpacked`) are executed like those in it, but Electron does not check them: the
 * watchdog, the stack's services, the native database module, PostgreSQL. The archive's header, which Electron checks
 * where supported, has the SHA-256 of each of these files.
 *
 * The header is a Chromium pickle: the length of its JSON at byte 12, the JSON from byte 16.
 */

const LENGTH_AT = 12;
const JSON_AT = 16;
const HEADER_LIMIT_BYTES = 64 * 1024 * 1024;

interface Entry {
  files?: Record<string, Entry>;
  unpacked?: boolean;
  /** Target of a link, relative to the archive's root. */
  link?: string;
  size?: number;
  integrity?: { algorithm: string; hash: string };
}

/**
 * Each unpacked file that is missing, changed or was not packaged, with the problem; empty when there is none. Reads
 * every file once.
 * @throws Error when the archive cannot be read or is invalid
 */
export function alteredFiles(archive: string): string[] {
  const folder = `${archive}.unpacked`;
  const expected = new Map<string, Entry>();
  listUnpacked(readHeader(archive), "", expected);
  const found = new Set(filesBelow(folder, folder));
  const missing = [...expected.keys()].filter((path) => !found.has(path)).map((path) => `${path} is missing`);
  const wrong = [...found].flatMap((path) => {
    const entry = expected.get(path);
    if (entry === undefined) return `${path} does not belong to the app`;
    return isAsPackaged(folder, path, entry) ? [] : `${path} has been changed`;
  });
  return [...missing, ...wrong].sort();
}

function readHeader(archive: string): Entry {
  const descriptor = openSync(archive, "r");
  try {
    const start = Buffer.alloc(JSON_AT);
    readSync(descriptor, start, 0, JSON_AT, 0);
    const length = start.readUInt32LE(LENGTH_AT);
    if (length > HEADER_LIMIT_BYTES) throw new Error(`${archive} is not an archive of an app`);
    const json = Buffer.alloc(length);
    readSync(descriptor, json, 0, length, JSON_AT);
    return JSON.parse(json.toString("utf8"));
  } finally {
    closeSync(descriptor);
  }
}

function listUnpacked(entry: Entry, path: string, into: Map<string, Entry>): void {
  for (const [name, below] of Object.entries(entry.files ?? {})) {
    listUnpacked(below, path === "" ? name : `${path}/${name}`, into);
  }
  if (entry.files === undefined && entry.unpacked) into.set(path, entry);
}

/** Paths from `root`, with `/`; links are not followed. */
function filesBelow(folder: string, root: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesBelow(path, root) : relative(root, path).replaceAll("\\", "/");
  });
}

/** A file without a hash in the archive counts as changed. */
function isAsPackaged(folder: string, path: string, { link, size, integrity }: Entry): boolean {
  const file = join(folder, path);
  const found = lstatSync(file);
  if (link !== undefined)
    return found.isSymbolicLink() && join(dirname(file), readlinkSync(file)) === join(folder, link);
  if (!found.isFile() || found.size !== size || integrity?.algorithm !== "SHA256") return false;
  return createHash("sha256").update(readFileSync(file)).digest("hex") === integrity.hash;
}
