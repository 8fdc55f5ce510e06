/**
 * Rows on disk until the database has them: files of one row a line, appended to and never changed. A file is deleted
 * when all its rows are written; a gateway that starts reads what an earlier one left. The rows of each table have files
 * of their own.
 *
 * Written to the operating system, not forced to the disk: that survives the death of the process, however it dies, and
 * not a power cut. One gateway a folder.
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
  /** Rows in it that the database does not have. */
  waiting: number;
}

export interface SpooledRow {
  text: string;
  /** Absent while the row is in memory only. */
  segment: Segment | undefined;
}

interface OpenSegment extends Segment {
  readonly descriptor: number;
  bytes: number;
}

export class SpoolFiles {
  readonly #folder: string;
  readonly #name: string;
  /** Rows that an earlier gateway left, oldest first. */
  readonly leftovers: readonly SpooledRow[];
  #lastNumber: number;
  #current: OpenSegment | undefined;

  /** Makes the folder if need be. @throws the file system's error when it cannot be read and written */
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
    this.leftovers = numbers.flatMap((number) => readSegment(this.#pathOf(number)));
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
      // It may end in half a row, which only the last line of a file may be.
      this.#retire(segment);
      throw error;
    }
    for (const row of rows) row.segment = segment;
    segment.waiting += rows.length;
    segment.bytes += bytes.length;
    if (segment.bytes >= segmentBytes) this.#retire(segment);
  }

  /** The database has the row, or never will. */
  release({ segment }: SpooledRow): void {
    if (!segment) return;
    segment.waiting -= 1;
    if (segment.waiting === 0) this.#discard(segment);
  }

  /** Leaves no file behind unless it has rows that wait. */
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

  /** What cannot be deleted is written again after the next start, which changes nothing. */
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

/** A last line without its end was cut off by the death of the gateway: its call was not answered. */
function readSegment(path: string): SpooledRow[] {
  const texts = readFileSync(path, "utf8").split("\n").slice(0, -1);
  const segment: Segment = { path, waiting: texts.length };
  if (texts.length === 0) unlinkSync(path);
  return texts.map((text) => ({ text, segment }));
}
