/**
 * Buffers the rows of one table for the database: in order, by one writer, without duplicates. A row is on disk before its
 * decision takes effect or its call is answered; no call waits for the database. During an outage the rows are kept here,
 * within bounds; beyond them the newest are dropped and counted, so that the log has a known end instead of gaps.
 */
import type { SpooledRow, SpoolFiles } from "./spool-files.ts";
import { RowRefused, type WriteRows } from "./writer.ts";

export interface SpoolOptions<Entry> {
  /** The kind of rows, the prefix of each log line. */
  name: string;
  /** One line of JSON, the writer's input. */
  rowText: (entry: Entry) => string;
  limit: number;
  log: (line: string) => void;
  /** How long a row waits for others if nothing was written recently. */
  promptMs?: number;
  /** The longest interval between statements under load, so that each writes many rows. */
  intervalMs?: number;
  /** The part of that interval for each row of the last statement: a single row holds up the next one for no longer. */
  intervalMsARow?: number;
  shortestRetryMs?: number;
  longestRetryMs?: number;
}

const batchRows = 500;
const batchCharacters = 4 * 1024 * 1024;
const heldCharactersLimit = 64 * 1024 * 1024;
const saveRetryMs = 1_000;

export class Spool<Entry> {
  readonly #write: WriteRows;
  readonly #files: SpoolFiles;
  readonly #options: Required<SpoolOptions<Entry>>;
  /** Oldest first, starting with those of an earlier gateway. */
  readonly #rows: SpooledRow[];
  /** Number of rows, from the oldest, that are on disk. */
  #saved: number;
  #saving: Promise<void> | undefined;
  #saveError: string | undefined;
  #saveAgainAtMs = 0;
  #heldCharacters = 0;
  #written = 0;
  #dropped = 0;
  #failures = 0;
  #timer: NodeJS.Timeout | undefined;
  #writing = false;
  #isHastened = false;
  #lastWriteAtMs = Number.NEGATIVE_INFINITY;
  #lastWriteRows = 0;
  #draining = false;
  #onEmpty: (() => void) | undefined;
  #recovered: number;
  readonly #caughtUp = Promise.withResolvers<void>();

  constructor(write: WriteRows, files: SpoolFiles, options: SpoolOptions<Entry>) {
    this.#write = write;
    this.#files = files;
    const times = { promptMs: 5, intervalMs: 100, intervalMsARow: 10, shortestRetryMs: 100, longestRetryMs: 2_000 };
    this.#options = { ...times, ...options };
    this.#rows = [...files.recovered];
    this.#saved = this.#rows.length;
    this.#recovered = this.#rows.length;
    for (const { text } of this.#rows) this.#heldCharacters += text.length;
    if (this.#recovered === 0) this.#caughtUp.resolve();
    else this.#schedule(0);
  }

  get name(): string {
    return this.#options.name;
  }

  /** Number of rows written to the database since the start. */
  get written(): number {
    return this.#written;
  }

  /** Number of rows that are not in the database yet. */
  get pending(): number {
    return this.#rows.length;
  }

  /** Number of pending rows that are only in memory. */
  get unsaved(): number {
    return this.#rows.length - this.#saved;
  }

  /** Why rows cannot be saved to disk; undefined if they can. */
  get saveError(): string | undefined {
    return this.#saveError;
  }

  get dropped(): number {
    return this.#dropped;
  }

  /** Whether the last attempt to write failed. */
  get failing(): boolean {
    return this.#failures > 0;
  }

  /** Resolves once all rows of an earlier gateway are in the database. */
  get caughtUp(): Promise<void> {
    return this.#caughtUp.promise;
  }

  /** Resolves once the row is on disk, saved together with all others of this event loop turn. Never rejects. */
  add(entry: Entry): Promise<void> | undefined {
    const text = this.#options.rowText(entry);
    if (this.#rows.length >= this.#options.limit || this.#heldCharacters + text.length > heldCharactersLimit) {
      this.#drop(`the spool is full (${this.#rows.length} rows are pending)`);
      return undefined;
    }
    this.#rows.push({ text, segment: undefined });
    this.#heldCharacters += text.length;
    if (!this.#writing && !this.#timer) this.#schedule(this.#nextWriteMs());
    this.#saving ??= new Promise((resolve) => {
      setImmediate(() => {
        this.#saving = undefined;
        this.#save();
        resolve();
      });
    });
    return this.#saving;
  }

  /** A reader waits for pending rows: they are written as promptly as a first row, unless the database is failing. */
  hasten(): void {
    if (this.#isHastened || this.#rows.length === 0 || this.#writing || this.failing) return;
    this.#isHastened = true;
    this.#schedule(this.#options.promptMs);
  }

  /** Writes the pending rows, for at most `ms`. Returns the number of rows that stay on disk for the next start. */
  async drain(ms: number): Promise<number> {
    this.#draining = true;
    await this.#saving;
    if (this.#rows.length > 0) {
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
    this.#files.close();
    return this.#rows.length;
  }

  /** Calls continue if the disk fails: their rows are then only in memory, which is logged, and saving is retried. */
  #save(): void {
    const unsaved = this.#rows.slice(this.#saved);
    if (unsaved.length === 0 || performance.now() < this.#saveAgainAtMs) return;
    try {
      this.#files.append(unsaved);
      this.#saved = this.#rows.length;
      if (this.#saveError) this.#log("rows are saved to disk again");
      this.#saveError = undefined;
    } catch (error) {
      const { message } = error as Error;
      if (!this.#saveError) this.#log(`rows cannot be saved to disk and are in memory only: ${message}`);
      this.#saveError = message;
      this.#saveAgainAtMs = performance.now() + saveRetryMs;
    }
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
    this.#isHastened = false;
    this.#lastWriteAtMs = performance.now();
    const batch = this.#nextBatch();
    this.#lastWriteRows = batch.length;
    try {
      await this.#write(batch);
      this.#taken(batch.length);
    } catch (error) {
      if (error instanceof RowRefused) await this.#writeOneByOne(batch);
      else this.#failed(error);
    }
    this.#writing = false;
    if (this.#rows.length === 0) this.#onEmpty?.();
    else this.#schedule(this.#failures > 0 ? this.#retryDelayMs() : this.#nextWriteMs());
  }

  #nextBatch(): string[] {
    let characters = 0;
    const end = this.#rows.findIndex(({ text }, index) => {
      characters += text.length;
      return index > 0 && (index >= batchRows || characters > batchCharacters);
    });
    return this.#rows.slice(0, end < 0 ? undefined : end).map(({ text }) => text);
  }

  /** Isolates rows that the database refuses permanently, so that they do not block the others. */
  async #writeOneByOne(batch: readonly string[]): Promise<void> {
    for (const text of batch) {
      try {
        await this.#write([text]);
        this.#taken(1);
      } catch (error) {
        if (!(error instanceof RowRefused)) {
          this.#failed(error);
          return;
        }
        this.#forget(1);
        this.#drop(`the database refuses the row ${text.slice(0, 200)}: ${error.message}`);
      }
    }
  }

  #taken(count: number): void {
    this.#forget(count);
    this.#written += count;
    if (this.#failures > 0) this.#log(`the database accepts rows again, ${this.#rows.length} pending`);
    this.#failures = 0;
  }

  #forget(count: number): void {
    for (const row of this.#rows.splice(0, count)) {
      this.#heldCharacters -= row.text.length;
      this.#files.release(row);
    }
    this.#saved = Math.max(0, this.#saved - count);
    if (this.#recovered === 0) return;
    this.#recovered = Math.max(0, this.#recovered - count);
    if (this.#recovered === 0) this.#caughtUp.resolve();
  }

  #failed(error: unknown): void {
    this.#failures += 1;
    if (this.#failures > 1) return;
    const cause = error instanceof Error && error.message ? error.message : (error as NodeJS.ErrnoException).code;
    this.#log(`rows cannot be written (${cause}); ${this.#rows.length} are pending`);
  }

  #drop(why: string): void {
    if (this.#dropped === 0) this.#log(`a row was dropped: ${why}. Further ones are only counted`);
    this.#dropped += 1;
  }

  #log(line: string): void {
    this.#options.log(`${this.#options.name}: ${line}`);
  }

  #nextWriteMs(): number {
    if (this.#draining || this.#rows.length >= batchRows) return 0;
    const { promptMs, intervalMs, intervalMsARow } = this.#options;
    const pauseMs = Math.min(intervalMs, this.#lastWriteRows * intervalMsARow);
    return Math.max(promptMs, this.#lastWriteAtMs + pauseMs - performance.now());
  }

  #retryDelayMs(): number {
    const { shortestRetryMs, longestRetryMs } = this.#options;
    const longest = Math.min(longestRetryMs, shortestRetryMs * 2 ** Math.min(this.#failures - 1, 20));
    return this.#draining ? shortestRetryMs : longest * (0.5 + Math.random() / 2);
  }
}
