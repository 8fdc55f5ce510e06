import { constants } from "node:fs";
import { type FileHandle, open, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "../lab-error.ts";
import { BundleProblem } from "./bundle-problem.ts";
import type { BundleSource } from "./bundle-source.ts";
import type { BundleLimits } from "./format.ts";
import { isSystemFile, rootOf } from "./repacked.ts";

/** A bundle that was unpacked, by a person or by a browser that unpacks what it downloads. Links are refused. */
export class FolderReader implements BundleSource {
  readonly paths: ReadonlySet<string>;
  readonly totalBytes: number;
  readonly #folder: string;

  private constructor(folder: string, files: ReadonlyMap<string, number>) {
    this.#folder = folder;
    this.paths = new Set(files.keys());
    this.totalBytes = [...files.values()].reduce((sum, bytes) => sum + bytes, 0);
  }

  /** @throws BundleProblem for a folder without a manifest, larger than the limits, or with links in it */
  static async open(folder: string, limits: BundleLimits): Promise<FolderReader> {
    const found = await filesIn(folder, limits);
    const root = rootOf(found.keys());
    if (root === undefined) {
      throw new BundleProblem("not a bundle", "the folder has no manifest.json", {
        hint: {
          terminal: "give the file that `bundle export` wrote, or the folder that it was unpacked to",
          window: "choose a file that Export on the History page, or `bundle export`, wrote",
        },
      });
    }
    const files = new Map(
      [...found].map(([path, bytes]) => [path.startsWith(root) ? path.slice(root.length) : path, bytes]),
    );
    return new FolderReader(join(folder, root), files);
  }

  async *read(path: string): AsyncGenerator<Buffer> {
    if (!this.paths.has(path)) throw new BundleProblem("missing entry", `${path} is not in it`);
    let file: FileHandle | undefined;
    try {
      file = await open(join(this.#folder, path), constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));
      for await (const chunk of file.createReadStream({ autoClose: false })) yield chunk as Buffer;
    } catch (error) {
      if (error instanceof BundleProblem) throw error;
      throw new BundleProblem("unreadable", `${path} cannot be read: ${messageOf(error)}`, { cause: error });
    } finally {
      await file?.close();
    }
  }

  async close(): Promise<void> {}
}

/** The regular files under a folder and their sizes, by paths with slashes. */
async function filesIn(folder: string, limits: BundleLimits): Promise<Map<string, number>> {
  const files = new Map<string, number>();
  let total = 0;
  const pending = [""];
  for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
    for (const entry of await readdir(join(folder, at), { withFileTypes: true })) {
      const path = `${at}${entry.name}`;
      if (isSystemFile(path)) continue;
      if (entry.isDirectory()) {
        pending.push(`${path}/`);
        continue;
      }
      if (!entry.isFile()) throw new BundleProblem("not a file", `${path} is a link or a device, not a file`);
      const { size } = await stat(join(folder, path));
      total += size;
      files.set(path, size);
      if (files.size > limits.entries) {
        throw new BundleProblem("too many entries", `it has more than ${limits.entries} files`);
      }
      if (size > limits.entryBytes || total > limits.totalBytes) {
        throw new BundleProblem(
          "too large",
          `${path} or all of it is larger than is read (${limits.totalBytes} bytes)`,
        );
      }
    }
  }
  return files;
}
