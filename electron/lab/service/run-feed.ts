import type { LabEvent } from "../events/lab-event.ts";
import { LiveEntry, type StreamEntry } from "./stream-entry.ts";

/** The latest events of a run, kept in memory once for all windows; what is older is read from the history. */
const KEPT = 4_096;

/** The live end of one run's log. */
export class RunFeed {
  readonly runId: string;
  #kept: LiveEntry[] = [];
  #lastSeq = 0;
  #hasEnded = false;
  readonly #waiting = new Set<() => void>();

  constructor(runId: string) {
    this.runId = runId;
  }

  get lastSeq(): number {
    return this.#lastSeq;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  append(event: LabEvent): void {
    this.#kept.push(new LiveEntry(event));
    if (this.#kept.length >= 2 * KEPT) this.#kept = this.#kept.slice(-KEPT);
    this.#lastSeq = event.seq;
    if (event.type === "run.ended") this.#hasEnded = true;
    this.#wake();
  }

  /** The run will not be told on, though its log has no end: the engine failed in mid-run. */
  abandon(): void {
    this.#hasEnded = true;
    this.#wake();
  }

  /** Up to `limit` events that follow `seq`; undefined when some of them are no longer kept. */
  after(seq: number, limit: number): StreamEntry[] | undefined {
    const oldest = this.#kept[0]?.seq ?? this.#lastSeq + 1;
    if (seq + 1 < oldest) return undefined;
    return this.#kept.slice(seq + 1 - oldest, seq + 1 - oldest + limit);
  }

  /** Resolves at the next event, or when the signal aborts. */
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

  #wake(): void {
    for (const done of [...this.#waiting]) done();
  }
}
