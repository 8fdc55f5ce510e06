import { createWriteStream } from "node:fs";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { BundleProblem } from "./bundle-problem.ts";
import type { BundleSource } from "./bundle-source.ts";
import { FolderReader } from "./folder-reader.ts";
import type { BundleLimits } from "./format.ts";
import { ZipReader } from "./zip-reader.ts";

/** Zips around a bundle that are unpacked: an artifact store adds one, a person perhaps another. */
const DEEPEST = 2;

/**
 * A bundle in the form that a person has it: the zip that was exported, one that was packed again, a zip with the bundle's
 * zip in it, or the folder that it was unpacked to.
 * @throws BundleProblem for what is none of them
 */
export async function openBundle(file: string, limits: BundleLimits, signal: AbortSignal): Promise<BundleSource> {
  const isFolder = await stat(file).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (isFolder) return FolderReader.open(file, limits);
  return openZip(file, limits, signal, DEEPEST);
}

async function openZip(file: string, limits: BundleLimits, signal: AbortSignal, depth: number): Promise<BundleSource> {
  const outer = await ZipReader.open(file, limits);
  const [inner, ...more] = outer.innerZips;
  if (inner === undefined) return outer;
  try {
    if (more.length > 0) {
      throw new BundleProblem("not a bundle", `it has ${more.length + 1} zip files in it`, {
        hint: "unpack it, and give each of them",
      });
    }
    if (depth === 0) throw new BundleProblem("not a bundle", "it is a zip in zips", { hint: "unpack it first" });
    return await openInner(outer, inner, limits, signal, depth);
  } finally {
    await outer.close();
  }
}

/** A zip is read from its end, so one that is packed is unpacked first, into a folder that goes when it is closed. */
async function openInner(
  outer: ZipReader,
  path: string,
  limits: BundleLimits,
  signal: AbortSignal,
  depth: number,
): Promise<BundleSource> {
  const folder = await mkdtemp(join(tmpdir(), "resilience-lab-bundle-"));
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    const file = join(folder, "bundle.zip");
    await pipeline(Readable.from(outer.read(path)), createWriteStream(file, { mode: 0o600 }), { signal });
    const source = await openZip(file, limits, signal, depth - 1);
    return {
      paths: source.paths,
      totalBytes: source.totalBytes,
      read: (each) => source.read(each),
      close: () => source.close().finally(remove),
    };
  } catch (error) {
    await remove();
    throw error;
  }
}
