import type { LabEvent } from "../events/lab-event.ts";
import { LabError, messageOf } from "../lab-error.ts";

/**
 * Events wait this long, or until so many wait, before one transaction writes them all. Windows are told of them after
 * it, so this is also how far a window is behind.
 */
const WRITE_AFTER_MS = 16;
const WRITE_AT_ROWS = 512;
/** Written in one transaction, of what may have become many while the disk was full. */
const WRITE_AT_ONCE = 2_000;
const RETRY_AFTER_MS = 1_000;

/** Why what waits is not on disk. */
export interface WriteTrouble {
  sinceWallMs: number;
  reason: string;
}

/** What whoever tells of events needs to know of their being on disk. */
export interface Durability {
  /** Set from the first attempt to write that has failed until all that waits is written. */
  readonly trouble: WriteTrouble | undefined;
  /** The first event of the run that is not on disk; undefined when all of them are. */
  firstUnsaved(runId: string): number | undefined;
  /** Told after each attempt to write, whatever became of it. Ends when the returned function is called. */
  onAttempt(listener: () => void): () => void;
}

/** Events on their way to the disk, in their order. */
export class WriteQueue implements Durability {
  readonly #write: (batch: readonly LabEvent[]) => void;
  readonly #wallMs: () => number;
  readonly #listeners = new Set<() => void>();
  #pending: LabEvent[] = [];
  #timer: NodeJS.Timeout | undefined;
  #trouble: WriteTrouble | undefined;

  /** @param write in one transaction. @throws LabError when it cannot be done; the batch then waits on */
  constructor(write: (batch: readonly LabEvent[]) => void, wallMs: () => number) {
    this.#write = write;
    this.#wallMs = wallMs;
  }

  get trouble(): WriteTrouble | undefined {
    return this.#trouble;
  }

  firstUnsaved(runId: string): number | undefined {
    return this.#pending.find((event) => event.runId === runId)?.seq;
  }

  onAttempt(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Written within {@link WRITE_AFTER_MS}, if the disk takes it. */
  add(event: LabEvent): void {
    this.#pending.push(event);
    if (this.#pending.length % WRITE_AT_ROWS === 0) this.settle();
    else this.#timer ??= setTimeout(() => this.#tryToFlush(), WRITE_AFTER_MS).unref();
  }

  /** Written when this returns. @throws LabError when it cannot be; it then waits on */
  addAndFlush(event: LabEvent): void {
    this.#pending.push(event);
    this.flush();
  }

  /** Events of a run that are yet to be written, in their order; its end is not among them: it is told once it is on disk. */
  waiting(runId: string, afterSeq: number): LabEvent[] {
    return this.#pending.filter((event) => event.runId === runId && event.seq > afterSeq && event.type !== "run.ended");
  }

  /** Writes what waits, if the disk takes it. While it does not, the timer tries, and nobody else waits for it. */
  settle(): void {
    if (this.#trouble === undefined) this.#tryToFlush();
  }

  /** Writes what waits. @throws LabError when it cannot be written; it then still waits, and is tried again */
  flush(): void {
    this.stop();
    if (this.#pending.length === 0) return;
    try {
      while (this.#pending.length > 0) {
        const batch = this.#pending.slice(0, WRITE_AT_ONCE);
        this.#write(batch);
        this.#pending = this.#pending.slice(batch.length);
      }
      this.#trouble = undefined;
    } catch (error) {
      this.#trouble = { sinceWallMs: this.#trouble?.sinceWallMs ?? this.#wallMs(), reason: messageOf(error) };
      this.#timer = setTimeout(() => this.#tryToFlush(), RETRY_AFTER_MS).unref();
      throw error;
    } finally {
      for (const listener of [...this.#listeners]) listener();
    }
  }

  /** Tries no more by itself. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** In mid-run a full disk is no reason to stop: the rows wait, and the end of the run says so if it stays full. */
  #tryToFlush(): void {
    try {
      this.flush();
    } catch (error) {
      if (!(error instanceof LabError)) throw error;
    }
  }
}
