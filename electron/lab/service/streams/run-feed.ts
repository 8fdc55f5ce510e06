import { isRunEnd } from "../../../model/catalogue/catalogue.ts";
import type { LabEvent } from "../../../model/lab-event.ts";
import { LiveEntry, type StreamEntry } from "../../history/stream-entry.ts";
import type { Durability } from "../../history/write-queue.ts";

/** The latest events of a run, kept in memory once for all windows; what is older is read from the history. */
const KEPT = 4_096;

/**
 * The live end of one run's log. What has just happened is kept back until the history has tried to write it: a window is
 * sent what is on disk, or what is known not to be.
 */
export class RunFeed {
  readonly runId: string;
  readonly #durability: Durability;
  #kept: LiveEntry[] = [];
  #lastSeq = 0;
  #hasEnded = false;
  #isAbandoned = false;
  readonly #waiting = new Set<() => void>();

  constructor(runId: string, durability: Durability) {
    this.runId = runId;
    this.#durability = durability;
  }

  get lastSeq(): number {
    return this.#lastSeq;
  }

  /** The last event that may be sent to windows. */
  get readySeq(): number {
    const firstUnsaved = this.#durability.failure === undefined ? this.#durability.firstUnsaved(this.runId) : undefined;
    return firstUnsaved === undefined ? this.#lastSeq : firstUnsaved - 1;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Its log has no end here; the history may yet be told one, once it can be written. */
  get isAbandoned(): boolean {
    return this.#isAbandoned;
  }

  append(event: LabEvent): void {
    this.#kept.push(new LiveEntry(event));
    if (this.#kept.length >= 2 * KEPT) this.#kept = this.#kept.slice(-KEPT);
    this.#lastSeq = event.seq;
    if (isRunEnd(event)) this.#hasEnded = true;
    if (this.readySeq === event.seq) this.wake();
  }

  /** The run will not be told on, though its log has no end: the engine failed in mid-run. */
  abandon(): void {
    this.#hasEnded = true;
    this.#isAbandoned = true;
    this.wake();
  }

  /** Up to `limit` events that follow `seq`; undefined when some of them are no longer kept. */
  after(seq: number, limit: number): StreamEntry[] | undefined {
    const oldest = this.#kept[0]?.seq ?? this.#lastSeq + 1;
    if (seq + 1 < oldest) return undefined;
    return this.#kept.slice(seq + 1 - oldest, seq + 1 - oldest + limit);
  }

  /** Resolves when there may be more to tell, or when the signal aborts. */
  next(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        this.#waiting.delete(done);
        signal.removeEventListener("abort", done);
        resolve();
      };
      this.#waiting.add(done);
      signal.addEventListener("abort", done, { once: true });
    });
  }

  /** For whoever knows that {@link RunFeed.readySeq}, or what is saved, has changed. */
  wake(): void {
    for (const done of [...this.#waiting]) done();
  }
}
