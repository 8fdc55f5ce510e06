/** A queue of chunks that are sent in order, none before its time, with one timer. */

/** Node's timers have millisecond resolution: a chunk due within half a millisecond is sent now rather than 1 ms late. */
const toleranceMs = 0.5;

/** Limit per event loop turn: a chunk cut into single bytes must not block other connections. */
export const mostATurn = 256;

interface Waiting {
  chunk: Buffer;
  dueMs: number;
}

export class DelayQueue {
  readonly #now: () => number;
  readonly #leave: (chunk: Buffer) => void;
  readonly #settled: () => void;
  #waiting: Waiting[] = [];
  #first = 0;
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;

  /** `settled` is called after chunks were sent by the timer. */
  constructor(now: () => number, leave: (chunk: Buffer) => void, settled: () => void) {
    this.#now = now;
    this.#leave = leave;
    this.#settled = settled;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get isEmpty(): boolean {
    return this.#first === this.#waiting.length;
  }

  push(chunk: Buffer, dueMs: number): void {
    this.#waiting.push({ chunk, dueMs });
    this.#bytes += chunk.length;
    if (!this.#timer) this.#arm();
  }

  /** Assigns each waiting chunk a new time. */
  reschedule(dueOf: (dueMs: number) => number): void {
    for (const waiting of this.#waiting) waiting.dueMs = dueOf(waiting.dueMs);
    if (!this.isEmpty) this.#arm();
  }

  /** Sends everything now. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    while (!this.isEmpty) this.#takeFirst();
    this.#compact();
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#waiting = [];
    this.#first = 0;
    this.#bytes = 0;
  }

  #arm(): void {
    clearTimeout(this.#timer);
    const dueMs = this.#waiting[this.#first]?.dueMs ?? 0;
    this.#timer = setTimeout(() => this.#wake(), Math.min(2_147_483_647, Math.max(1, Math.floor(dueMs - this.#now()))));
  }

  #wake(): void {
    this.#timer = undefined;
    const until = this.#now() + toleranceMs;
    for (let left = mostATurn; left > 0 && !this.isEmpty; left -= 1) {
      if ((this.#waiting[this.#first]?.dueMs ?? 0) > until) break;
      this.#takeFirst();
    }
    this.#compact();
    if (!this.isEmpty && !this.#timer) this.#arm();
    this.#settled();
  }

  #takeFirst(): void {
    const waiting = this.#waiting[this.#first];
    if (!waiting) return;
    this.#first += 1;
    this.#bytes -= waiting.chunk.length;
    this.#leave(waiting.chunk);
  }

  #compact(): void {
    if (this.isEmpty) this.#waiting = [];
    else if (this.#first > 1_024) this.#waiting = this.#waiting.slice(this.#first);
    else return;
    this.#first = 0;
  }
}
