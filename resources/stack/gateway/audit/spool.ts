/**
 * Audit rows on their way to the database: in order, by one writer, none twice. A call never waits for its row. While
 * the database is away the rows wait here, within bounds; beyond them the newest are dropped and counted, since a log
 * with a known end is worth more than one with holes.
 */
import type { AuditEntry } from "./entry.ts";
import { RowRefused, type WriteRows } from "./writer.ts";

export interface SpoolOptions {
  limit: number;
  log: (line: string) => void;
  /** How long a row waits for others when nothing was written lately. */
  promptMs?: number;
  /** Under load statements are this far apart, so that a statement takes many rows. */
  intervalMs?: number;
  shortestRetryMs?: number;
  longestRetryMs?: number;
}

const batchRows = 500;
const batchCharacters = 4 * 1024 * 1024;
const heldCharactersLimit = 64 * 1024 * 1024;

export class AuditSpool {
  readonly #write: WriteRows;
  readonly #options: Required<SpoolOptions>;
  readonly #entries: AuditEntry[] = [];
  #heldCharacters = 0;
  #written = 0;
  #dropped = 0;
  #failures = 0;
  #timer: NodeJS.Timeout | undefined;
  #writing = false;
  #lastWriteAtMs = Number.NEGATIVE_INFINITY;
  #draining = false;
  #onEmpty: (() => void) | undefined;

  constructor(write: WriteRows, options: SpoolOptions) {
    this.#write = write;
    this.#options = { promptMs: 5, intervalMs: 100, shortestRetryMs: 100, longestRetryMs: 2_000, ...options };
  }

  get written(): number {
    return this.#written;
  }

  get pending(): number {
    return this.#entries.length;
  }

  get dropped(): number {
    return this.#dropped;
  }

  /** Whether the last attempt to write failed. */
  get failing(): boolean {
    return this.#failures > 0;
  }

  add(entry: AuditEntry): void {
    const { limit } = this.#options;
    if (this.#entries.length >= limit || this.#heldCharacters + entry.arguments.length > heldCharactersLimit) {
      this.#drop(`the spool is full (${this.#entries.length} rows wait for the database)`);
      return;
    }
    this.#entries.push(entry);
    this.#heldCharacters += entry.arguments.length;
    if (!this.#writing && !this.#timer) this.#schedule(this.#nextWriteMs());
  }

  /** Writes what is left, for at most `ms`. Returns how many rows could not be written. */
  async drain(ms: number): Promise<number> {
    this.#draining = true;
    if (this.#entries.length > 0) {
      await new Promise<void>((resolve) => {
        const bound = setTimeout(resolve, ms);
        this.#onEmpty = () => {
          clearTimeout(bound);
          resolve();
        };
        if (!this.#writing) this.#schedule(0);
      });
    }
    clearTimeout(this.#timer);
    return this.#entries.length;
  }

  #schedule(delayMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#writeBatch();
    }, delayMs);
  }

  async #writeBatch(): Promise<void> {
    this.#writing = true;
    this.#lastWriteAtMs = performance.now();
    const batch = this.#nextBatch();
    try {
      await this.#write(batch);
      this.#taken(batch.length);
    } catch (error) {
      if (error instanceof RowRefused) await this.#writeOneByOne(batch);
      else this.#failed(error);
    }
    this.#writing = false;
    if (this.#entries.length === 0) this.#onEmpty?.();
    else this.#schedule(this.#failures > 0 ? this.#retryDelayMs() : this.#nextWriteMs());
  }

  #nextBatch(): AuditEntry[] {
    let characters = 0;
    const end = this.#entries.findIndex((entry, index) => {
      characters += entry.arguments.length;
      return index > 0 && (index >= batchRows || characters > batchCharacters);
    });
    return this.#entries.slice(0, end < 0 ? undefined : end);
  }

  /** Finds the rows that the database will never take: they must not hold up the others. */
  async #writeOneByOne(batch: readonly AuditEntry[]): Promise<void> {
    for (const entry of batch) {
      try {
        await this.#write([entry]);
        this.#taken(1);
      } catch (error) {
        if (!(error instanceof RowRefused)) {
          this.#failed(error);
          return;
        }
        this.#forget(1);
        this.#drop(`the database refuses a row of ${entry.tool}: ${error.message}`);
      }
    }
  }

  #taken(count: number): void {
    this.#forget(count);
    this.#written += count;
    if (this.#failures > 0) this.#options.log(`audit: the database takes rows again, ${this.#entries.length} to go`);
    this.#failures = 0;
  }

  #forget(count: number): void {
    for (const entry of this.#entries.splice(0, count)) this.#heldCharacters -= entry.arguments.length;
  }

  #failed(error: unknown): void {
    this.#failures += 1;
    if (this.#failures > 1) return;
    const cause = error instanceof Error && error.message ? error.message : (error as NodeJS.ErrnoException).code;
    this.#options.log(`audit: rows cannot be written (${cause}); ${this.#entries.length} wait for the database`);
  }

  #drop(why: string): void {
    if (this.#dropped === 0) this.#options.log(`audit: a row was dropped: ${why}. Further ones are only counted`);
    this.#dropped += 1;
  }

  #nextWriteMs(): number {
    if (this.#draining || this.#entries.length >= batchRows) return 0;
    const { promptMs, intervalMs } = this.#options;
    return Math.max(promptMs, this.#lastWriteAtMs + intervalMs - performance.now());
  }

  #retryDelayMs(): number {
    const { shortestRetryMs, longestRetryMs } = this.#options;
    const longest = Math.min(longestRetryMs, shortestRetryMs * 2 ** Math.min(this.#failures - 1, 20));
    return this.#draining ? shortestRetryMs : longest * (0.5 + Math.random() / 2);
  }
}
