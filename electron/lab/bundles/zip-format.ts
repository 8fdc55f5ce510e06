/** The header fields of a file in a zip. */
export interface PackedEntry {
  /** Plain ASCII. */
  path: string;
  crc32: number;
  bytes: number;
  packedBytes: number;
  /** Deflated; else stored. */
  isPacked: boolean;
}

/**
 * The records of the zip format (PKWARE's APPNOTE, 4.3) that a bundle needs: its limits are far below those of zip64. Times
 * are the format's first day, attributes those of a regular file.
 */
const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const VERSION = 20;
const MADE_BY_UNIX = 3 << 8;
const REGULAR_FILE = 0o100644 << 16;
const FIRST_DAY = (1 << 5) | 1;

export function localHeader(entry: PackedEntry): Buffer {
  const fields = Buffer.alloc(30);
  fields.writeUInt32LE(LOCAL, 0);
  writeShared(fields, 4, entry);
  return Buffer.concat([fields, Buffer.from(entry.path, "latin1")]);
}

/** The central directory. @param end its offset, the end of the last entry */
export function centralDirectory(entries: readonly PackedEntry[], offsets: readonly number[], end: number): Buffer {
  const records = entries.map((entry, index) => centralHeader(entry, offsets[index] ?? 0));
  const bytes = records.reduce((sum, { length }) => sum + length, 0);
  const last = Buffer.alloc(22);
  last.writeUInt32LE(END, 0);
  last.writeUInt16LE(entries.length, 8);
  last.writeUInt16LE(entries.length, 10);
  last.writeUInt32LE(bytes, 12);
  last.writeUInt32LE(end, 16);
  return Buffer.concat([...records, last]);
}

function centralHeader(entry: PackedEntry, offset: number): Buffer {
  const fields = Buffer.alloc(46);
  fields.writeUInt32LE(CENTRAL, 0);
  fields.writeUInt16LE(MADE_BY_UNIX | VERSION, 4);
  writeShared(fields, 6, entry);
  fields.writeUInt32LE(REGULAR_FILE >>> 0, 38);
  fields.writeUInt32LE(offset, 42);
  return Buffer.concat([fields, Buffer.from(entry.path, "latin1")]);
}

/** The common fields of both headers, in the same order. */
function writeShared(fields: Buffer, at: number, { path, crc32, bytes, packedBytes, isPacked }: PackedEntry): void {
  fields.writeUInt16LE(VERSION, at);
  fields.writeUInt16LE(isPacked ? 8 : 0, at + 4);
  fields.writeUInt16LE(FIRST_DAY, at + 8);
  fields.writeUInt32LE(crc32, at + 10);
  fields.writeUInt32LE(packedBytes, at + 14);
  fields.writeUInt32LE(bytes, at + 18);
  fields.writeUInt16LE(path.length, at + 22);
}
