/**
 * Rows of one table on their way to the database: in order, by one writer, none twice. A row is on disk before what it
 * tells of is acted upon or answered; no call waits for the database. While that is away the rows wait here, within
 * bounds; beyond them the newest are dropped and counted, since a log with a known end is worth more than one with holes.
 */
import type { SpooledRow, SpoolFiles } from "./spool-files.ts";
import { RowRefused, type WriteRows } from "./writer.ts";

export interface SpoolOptions<Entry> {
  /** What the rows are, at the start of each line of the log. */
  name: string;
  /** One line of JSON, as the writer takes it. */
  rowText: (entry: Entry) => string;
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
const saveRetryMs = 1_000;

export class Spool<Entry> {
  readonly #write: WriteRows;
  readonly #files: SpoolFiles;
  readonly #options: Required<SpoolOptions<Entry>>;
  /** Oldest first, those of an earlier gateway before all others. */
  readonly #rows: SpooledRow[];
  /** So many of the rows, from the oldest, are on disk. */
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
  #draining = false;
  #onEmpty: (() => void) | undefined;
  #leftovers: number;
  readonly #caughtUp = Promise.withResolvers<void>();

  constructor(write: WriteRows, files: SpoolFiles, options: SpoolOptions<Entry>) {
    this.#write = write;
    this.#files = files;
    this.#options = { promptMs: 5, intervalMs: 100, shortestRetryMs: 100, longestRetryMs: 2_000, ...options };
    this.#rows = [...files.leftovers];
    this.#saved = this.#rows.length;
    this.#leftovers = this.#rows.length;
    for (const { text } of this.#rows) this.#heldCharacters += text.length;
    if (this.#leftovers === 0) this.#caughtUp.resolve();
    else this.#schedule(0);
  }

  get name(): string {
    return this.#options.name;
  }

  /** Rows that the database has taken since the start. */
  get written(): number {
    return this.#written;
  }

  /** Rows that the database does not have yet. */
  get pending(): number {
    return this.#rows.length;
  }

  /** Of the pending rows, those that would be lost with the process. */
  get unsaved(): number {
    return this.#rows.length - this.#saved;
  }

  /** Why rows cannot be put on disk; undefined when they can. */
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

  /** Resolves when the database has all rows that an earlier gateway left. */
  get caughtUp(): Promise<void> {
    return this.#caughtUp.promise;
  }

  /** Resolves when the row is on disk, together with all others of this turn of the event loop. Never rejects. */
  add(entry: Entry): Promise<void> | undefined {
    const text = this.#options.rowText(entry);
    if (this.#rows.length >= this.#options.limit || this.#heldCharacters + text.length > heldCharactersLimit) {
      this.#drop(`the spool is full (${this.#rows.length} rows wait for the database)`);
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

  /** Somebody waits for what is pending: it is written as promptly as a first row, unless the database takes none now. */
  hasten(): void {
    if (this.#isHastened || this.#rows.length === 0 || this.#writing || this.failing) return;
    this.#isHastened = true;
    this.#schedule(this.#options.promptMs);
  }

  /** Writes what is left, for at most `ms`. Returns how many rows stay on disk for the next start. */
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

  /** Calls go on without a disk: their rows are then in memory only, which is told and tried again. */
  #save(): void {
    const unsaved = this.#rows.slice(this.#saved);
    if (unsaved.length === 0 || performance.now() < this.#saveAgainAtMs) return;
    try {
      this.#files.append(unsaved);
      this.#saved = this.#rows.length;
      if (this.#saveError) this.#log("rows are put on disk again");
      this.#saveError = undefined;
    } catch (error) {
      const { message } = error as Error;
      if (!this.#saveError) this.#log(`rows cannot be put on disk and are in memory only: ${message}`);
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

  /** Finds the rows that the database will never take: they must not hold up the others. */
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
    if (this.#failures > 0) this.#log(`the database takes rows again, ${this.#rows.length} to go`);
    this.#failures = 0;
  }

  #forget(count: number): void {
    for (const row of this.#rows.splice(0, count)) {
      this.#heldCharacters -= row.text.length;
      this.#files.release(row);
    }
    this.#saved = Math.max(0, this.#saved - count);
    if (this.#leftovers === 0) return;
    this.#leftovers = Math.max(0, this.#leftovers - count);
    if (this.#leftovers === 0) this.#caughtUp.resolve();
  }

  #failed(error: unknown): void {
    this.#failures += 1;
    if (this.#failures > 1) return;
    const cause = error instanceof Error && error.message ? error.message : (error as NodeJS.ErrnoException).code;
    this.#log(`rows cannot be written (${cause}); ${this.#rows.length} wait for the database`);
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
    const { promptMs, intervalMs } = this.#options;
    return Math.max(promptMs, this.#lastWriteAtMs + intervalMs - performance.now());
  }

  #retryDelayMs(): number {
    const { shortestRetryMs, longestRetryMs } = this.#options;
    const longest = Math.min(longestRetryMs, shortestRetryMs * 2 ** Math.min(this.#failures - 1, 20));
    return this.#draining ? shortestRetryMs : longest * (0.5 + Math.random() / 2);
  }
}
