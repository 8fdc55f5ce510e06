import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { crc32, deflateRawSync, inflateRawSync } from "node:zlib";
import type { Manifest } from "../format.ts";
import { centralDirectory, localHeader, type PackedEntry } from "../zip-format.ts";

/** One file of a forged zip. */
export interface Forged {
  path: string;
  bytes: Buffer;
  /** Unix mode, for links and devices. */
  mode?: number;
  isEncrypted?: boolean;
  /** The declared unpacked size, where it is false. */
  claimedBytes?: number;
}

/** A zip as an attacker writes it, with any path, attribute and size. */
export function forgeZip(file: string, forged: readonly Forged[]): void {
  const parts: Buffer[] = [];
  const entries: PackedEntry[] = [];
  const offsets: number[] = [];
  let offset = 0;
  for (const { path, bytes, claimedBytes = bytes.length } of forged) {
    const packed = deflateRawSync(bytes);
    const entry = { path, crc32: crc32(bytes), bytes: claimedBytes, packedBytes: packed.length, isPacked: true };
    const header = localHeader(entry);
    entries.push(entry);
    offsets.push(offset);
    parts.push(header, packed);
    offset += header.length + packed.length;
  }
  const directory = centralDirectory(entries, offsets, offset);
  let at = 0;
  for (const { path, mode, isEncrypted } of forged) {
    if (mode !== undefined) directory.writeUInt32LE((mode << 16) >>> 0, at + 38);
    if (isEncrypted) directory.writeUInt16LE(1, at + 8);
    at += 46 + path.length;
  }
  writeFileSync(file, Buffer.concat([...parts, directory]));
}

/** The entries of a bundle that {@link forgeZip} or an export wrote. */
export function openForged(file: string): Forged[] {
  const zip = readFileSync(file);
  const end = zip.lastIndexOf(Buffer.from("PK\x05\x06", "latin1"));
  let at = zip.readUInt32LE(end + 16);
  return Array.from({ length: zip.readUInt16LE(end + 10) }, () => {
    const [method, packedBytes, nameBytes, local] = [
      zip.readUInt16LE(at + 10),
      zip.readUInt32LE(at + 20),
      zip.readUInt16LE(at + 28),
      zip.readUInt32LE(at + 42),
    ];
    const path = zip.toString("latin1", at + 46, at + 46 + nameBytes);
    const start = local + 30 + nameBytes;
    const packed = zip.subarray(start, start + packedBytes);
    at += 46 + nameBytes;
    return { path, bytes: method === 0 ? Buffer.from(packed) : inflateRawSync(packed) };
  });
}

/** A copy of the bundle with one changed file, and a matching manifest when `isDeclared`. */
export function tamper(file: string, change: (entries: Map<string, Buffer>) => void, isDeclared = false): void {
  const entries = new Map(openForged(file).map(({ path, bytes }) => [path, bytes]));
  change(entries);
  if (isDeclared) {
    changeManifest(entries, (manifest) => {
      manifest.entries = [...entries]
        .filter(([path]) => path !== "manifest.json")
        .map(([path, bytes]) => ({
          path,
          bytes: bytes.length,
          sha256: createHash("sha256").update(bytes).digest("hex"),
        }));
    });
  }
  forgeZip(
    file,
    [...entries].map(([path, bytes]) => ({ path, bytes })),
  );
}

export function changeManifest(entries: Map<string, Buffer>, change: (manifest: Manifest) => void): void {
  const manifest = JSON.parse(String(entries.get("manifest.json"))) as Manifest;
  change(manifest);
  entries.set("manifest.json", Buffer.from(JSON.stringify(manifest)));
}
