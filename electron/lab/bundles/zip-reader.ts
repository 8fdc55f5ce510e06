import { open, stat } from "node:fs/promises";
import type { Readable } from "node:stream";
import yauzl from "yauzl";
import { readBeginning } from "../documents/read-whole-file.ts";
import { recogniseFile } from "../documents/recognise-file.ts";
import { messageOf } from "../lab-error.ts";
import { BundleProblem } from "./bundle-problem.ts";
import type { BundleSource } from "./bundle-source.ts";
import type { BundleLimits } from "./format.ts";
import { isSystemFile, rootOf, zipsIn } from "./repacked.ts";

const STORED = 0;
const DEFLATED = 8;
const UNIX = 3;
const TYPE_BITS = 0o170000;
const REGULAR_FILE = 0o100000;
const LOCAL_HEADER_BYTES = 30;

/**
 * An untrusted zip. Its directory is validated completely before any entry is unpacked. A bundle that was packed again is
 * accepted: entries for folders and files that operating systems add are ignored, and a common root folder is removed from
 * the paths.
 */
export class ZipReader implements BundleSource {
  readonly paths: ReadonlySet<string>;
  readonly totalBytes: number;
  readonly #zip: yauzl.ZipFile;
  readonly #entries: ReadonlyMap<string, yauzl.Entry>;
  /** Without a manifest: the zip files in it. */
  readonly innerZips: readonly string[];

  private constructor(zip: yauzl.ZipFile, entries: ReadonlyMap<string, yauzl.Entry>) {
    this.#zip = zip;
    this.#entries = entries;
    this.paths = new Set(entries.keys());
    this.innerZips = rootOf(this.paths) === undefined ? zipsIn(this.paths) : [];
    this.totalBytes = [...entries.values()].reduce((sum, { uncompressedSize }) => sum + uncompressedSize, 0);
  }

  /** @throws BundleProblem for a file that is not a zip, is truncated, exceeds the limits, or has a malicious entry */
  static async open(file: string, limits: BundleLimits): Promise<ZipReader> {
    const zip = await openZip(file, limits);
    try {
      if (zip.entryCount > limits.entries) {
        throw new BundleProblem(
          "too many entries",
          `it has ${zip.entryCount} files, and at most ${limits.entries} are read`,
        );
      }
      const all: yauzl.Entry[] = [];
      for await (const entry of entriesOf(zip)) all.push(entry);
      const files = all.filter((entry) => !isFolder(entry) && !isSystemFile(nameOf(entry)));
      const names = files.map(nameOf);
      for (const name of names) assertInside(name);
      const root = rootOf(names) ?? "";
      // What is packed in a zip of its own is checked when that is opened.
      const isPackedTwice = rootOf(names) === undefined && zipsIn(names).length > 0;
      const entries = new Map<string, yauzl.Entry>();
      for (const entry of files) {
        const name = nameOf(entry);
        const path = name.startsWith(root) ? name.slice(root.length) : name;
        checkEntry(entry, path, limits, isPackedTwice);
        if (entries.has(path)) throw new BundleProblem("duplicate entry", `${path} is in it twice`);
        entries.set(path, entry);
      }
      checkEntries(all, limits);
      return new ZipReader(zip, entries);
    } catch (error) {
      zip.close();
      throw error;
    }
  }

  /** The unpacked bytes of an entry, never more than the directory declares. */
  async *read(path: string): AsyncGenerator<Buffer> {
    const entry = this.#entries.get(path);
    if (entry === undefined) throw new BundleProblem("missing entry", `${path} is not in it`);
    let stream: Readable | undefined;
    try {
      const header = await this.#zip.readLocalFileHeaderPromise(entry);
      if (!header.fileName.equals(entry.fileNameRaw)) {
        throw new BundleProblem("bad path", `${path} has another name in its local header`);
      }
      stream = await this.#zip.openReadStreamPromise(entry);
      for await (const chunk of stream) yield chunk as Buffer;
    } catch (error) {
      if (error instanceof BundleProblem) throw error;
      throw new BundleProblem("truncated", `${path} cannot be unpacked: ${messageOf(error)}`, { cause: error });
    } finally {
      stream?.destroy();
    }
  }

  async close(): Promise<void> {
    this.#zip.close();
  }
}

async function openZip(file: string, limits: BundleLimits): Promise<yauzl.ZipFile> {
  let bytes: number;
  try {
    const found = await stat(file);
    if (!found.isFile()) throw new BundleProblem("unreadable", "it is neither a file nor a folder");
    bytes = found.size;
    if (bytes > limits.fileBytes) {
      throw new BundleProblem("too large", `it has ${bytes} bytes, and at most ${limits.fileBytes} are read`);
    }
    return await yauzl.openPromise(file, { decodeStrings: false, autoClose: false });
  } catch (error) {
    if (error instanceof BundleProblem) throw error;
    if (error instanceof Error && "syscall" in error) {
      throw new BundleProblem("unreadable", `it cannot be read: ${messageOf(error)}`, { cause: error });
    }
    throw await whyNoZip(file, error);
  }
}

/** A zip ends with its directory: one that starts correctly and has none was truncated. */
async function whyNoZip(file: string, cause: unknown): Promise<BundleProblem> {
  const handle = await open(file);
  try {
    const start = Buffer.alloc(4);
    const { bytesRead } = await handle.read(start, 0, 4, 0);
    if (bytesRead === 4 && start.toString("latin1") === "PK\x03\x04") {
      return new BundleProblem("truncated", "its end is missing: it was not copied completely", {
        hint: "copy or download it again",
        cause,
      });
    }
    const other = recogniseFile(readBeginning(file), "zip");
    return new BundleProblem("not a bundle", `it is no zip file${other === undefined ? "" : `: ${other}`}`, {
      hint: {
        terminal: "give the file that `bundle export` wrote",
        window: "choose a file that Export on the History page, or `bundle export`, wrote",
      },
      cause,
    });
  } finally {
    await handle.close();
  }
}

async function* entriesOf(zip: yauzl.ZipFile): AsyncGenerator<yauzl.Entry> {
  const entries = zip.eachEntry();
  for (;;) {
    let next: IteratorResult<yauzl.Entry>;
    try {
      next = await entries.next();
    } catch (error) {
      throw new BundleProblem("truncated", `its directory is damaged: ${messageOf(error)}`, { cause: error });
    }
    if (next.done) return;
    yield next.value;
  }
}

function isFolder(entry: yauzl.Entry): boolean {
  return nameOf(entry).endsWith("/") && entry.uncompressedSize === 0;
}

function assertInside(path: string): void {
  const problem = problemOf(path);
  if (problem !== undefined) throw new BundleProblem("bad path", `${JSON.stringify(path)} ${problem}`);
}

/** @throws BundleProblem unless it is a regular file with a path of a bundle and a known compression */
function checkEntry(entry: yauzl.Entry, path: string, limits: BundleLimits, hasAnyName: boolean): void {
  if (!hasAnyName && !BUNDLE_PATH.test(path)) {
    throw new BundleProblem("bad path", `${JSON.stringify(path)} is no path of a bundle`);
  }
  if (entry.isEncrypted()) throw new BundleProblem("encrypted", `${path} is encrypted`);
  const type = (entry.externalFileAttributes >>> 16) & TYPE_BITS;
  if (entry.versionMadeBy >>> 8 === UNIX && type !== 0 && type !== REGULAR_FILE) {
    throw new BundleProblem("not a file", `${path} is a link or a device, not a file`);
  }
  if (entry.compressionMethod !== STORED && entry.compressionMethod !== DEFLATED) {
    throw new BundleProblem(
      "not a bundle",
      `${path} is compressed by a method that bundles do not use (${entry.compressionMethod})`,
    );
  }
  if (entry.uncompressedSize > limits.entryBytes) {
    throw new BundleProblem(
      "too large",
      `${path} has ${entry.uncompressedSize} bytes, and at most ${limits.entryBytes} are read`,
    );
  }
  if (isTooDense(entry, limits)) {
    throw new BundleProblem("too dense", `${path} unpacks to more than ${limits.ratio} times its size`);
  }
}

function isTooDense({ uncompressedSize, compressedSize }: yauzl.Entry, { ratio, denseBytes }: BundleLimits): boolean {
  return uncompressedSize > denseBytes && uncompressedSize > compressedSize * ratio;
}

/** With slashes, as the format requires: tools of Windows write backslashes, of which a bundle's own paths have none. */
function nameOf(entry: yauzl.Entry): string {
  return entry.fileNameRaw.toString("latin1").replaceAll("\\", "/");
}

/** Why a path is unsafe, or undefined. The lab never writes to it, but other tools that open the file might. */
function problemOf(path: string): string | undefined {
  if (path === "") return "is empty";
  if (path.includes("\0")) return "has a NUL in it";
  if (path.startsWith("/")) return "is absolute";
  if (/^[A-Za-z]:/.test(path)) return "begins with a drive letter";
  const parts = path.split("/");
  if (parts.includes("..") || parts.includes(".")) return "leads out of its folder";
  if (path.endsWith("/")) return "is a folder with bytes of its own";
  return parts.includes("") ? "has an empty part" : undefined;
}

const BUNDLE_PATH = /^[A-Za-z0-9._/-]{1,300}$/;

function checkEntries(entries: readonly yauzl.Entry[], limits: BundleLimits): void {
  const inOrder = entries.toSorted((a, b) => a.relativeOffsetOfLocalHeader - b.relativeOffsetOfLocalHeader);
  let total = 0;
  let free = 0;
  for (const entry of inOrder) {
    const path = nameOf(entry);
    total += entry.uncompressedSize;
    if (entry.relativeOffsetOfLocalHeader < free) {
      throw new BundleProblem("overlapping entries", `${path} shares its bytes with another file`);
    }
    free = entry.relativeOffsetOfLocalHeader + LOCAL_HEADER_BYTES + entry.fileNameLength + entry.compressedSize;
  }
  if (total > limits.totalBytes) {
    throw new BundleProblem("too large", `it unpacks to ${total} bytes, and at most ${limits.totalBytes} are read`);
  }
}
