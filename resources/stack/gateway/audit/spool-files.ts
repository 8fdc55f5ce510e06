/**
 * Rows on disk until they are in the database: append-only files with one row per line. A file is deleted once all its
 * rows are in the database; at start a gateway reads the remaining files of an earlier one. Each table has its own files.
 *
 * Written without fsync: rows survive any end of the process, but not a power failure. One gateway per folder.
 */
import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";

const segmentBytes = 1024 * 1024;

/** One file. */
export interface Segment {
  readonly path: string;
  /** Number of its rows that are not in the database yet. */
  waiting: number;
}

export interface SpooledRow {
  text: string;
  /** Absent while the row is only in memory. */
  segment: Segment | undefined;
}

interface OpenSegment extends Segment {
  readonly descriptor: number;
  bytes: number;
}

export class SpoolFiles {
  readonly #folder: string;
  readonly #name: string;
  /** Rows of an earlier gateway, oldest first. */
  readonly recovered: readonly SpooledRow[];
  #lastNumber: number;
  #current: OpenSegment | undefined;

  /** Creates the folder if needed. @throws the file system's error if it cannot be read or written */
  constructor(folder: string, name: string) {
    this.#folder = folder;
    this.#name = name;
    const pattern = new RegExp(`^${name}-(\\d{8,15})\\.jsonl$`);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const numbers = readdirSync(folder)
      .flatMap((name) => pattern.exec(name)?.[1] ?? [])
      .map(Number)
      .sort((left, right) => left - right);
    this.#lastNumber = numbers.at(-1) ?? 0;
    this.recovered = numbers.flatMap((number) => readSegment(this.#pathOf(number)));
    this.#current = this.#open();
  }

  /** Appends the rows with one write. @throws the file system's error; rows of a failed append may be appended again */
  append(rows: readonly SpooledRow[]): void {
    this.#current ??= this.#open();
    const segment = this.#current;
    const bytes = Buffer.from(`${rows.map(({ text }) => text).join("\n")}\n`);
    try {
      for (let sent = 0; sent < bytes.length; ) sent += writeSync(segment.descriptor, bytes, sent);
    } catch (error) {
      // It may end with a partial row, which is allowed only as the last line of a file.
      this.#retire(segment);
      throw error;
    }
    for (const row of rows) row.segment = segment;
    segment.waiting += rows.length;
    segment.bytes += bytes.length;
    if (segment.bytes >= segmentBytes) this.#retire(segment);
  }

  /** The row is in the database, or was refused permanently. */
  release({ segment }: SpooledRow): void {
    if (!segment) return;
    segment.waiting -= 1;
    if (segment.waiting === 0) this.#discard(segment);
  }

  /** Deletes the current file unless it has pending rows. */
  close(): void {
    if (this.#current) this.#retire(this.#current);
  }

  #open(): OpenSegment {
    this.#lastNumber += 1;
    const path = this.#pathOf(this.#lastNumber);
    return { path, waiting: 0, descriptor: openSync(path, "ax", 0o600), bytes: 0 };
  }

  #retire(segment: OpenSegment): void {
    this.#current = undefined;
    closeSync(segment.descriptor);
    if (segment.waiting === 0) this.#discard(segment);
  }

  /** Rows of a file that cannot be deleted are written again after the next start, which has no effect. */
  #discard(segment: Segment): void {
    const current = this.#current;
    try {
      if (current !== segment) {
        unlinkSync(segment.path);
      } else {
        ftruncateSync(current.descriptor);
        current.bytes = 0;
      }
    } catch {
      // See above.
    }
  }

  #pathOf(number: number): string {
    return join(this.#folder, `${this.#name}-${String(number).padStart(8, "0")}.jsonl`);
  }
}

/** A last line without a line end was cut off when the gateway was killed: its call was not answered. */
function readSegment(path: string): SpooledRow[] {
  const texts = readFileSync(path, "utf8").split("\n").slice(0, -1);
  const segment: Segment = { path, waiting: texts.length };
  if (texts.length === 0) unlinkSync(path);
  return texts.map((text) => ({ text, segment }));
}
