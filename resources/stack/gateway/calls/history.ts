/** The most recent answered calls, oldest first, bounded by the limit. */
export interface PastCall {
  callId: string;
  tool: string;
  /** The final decision. */
  decision: string;
  durationMs: number;
  endedAt: string;
}

export class CallHistory {
  readonly limit: number;
  readonly #calls: PastCall[] = [];
  /** Index of the oldest entry, once the history is full. */
  #oldest = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  get size(): number {
    return this.#calls.length;
  }

  add(call: PastCall): void {
    if (this.#calls.length < this.limit) {
      this.#calls.push(call);
      return;
    }
    this.#calls[this.#oldest] = call;
    this.#oldest = (this.#oldest + 1) % this.limit;
  }

  latest(count: number): PastCall[] {
    const inOrder = [...this.#calls.slice(this.#oldest), ...this.#calls.slice(0, this.#oldest)];
    return count > 0 ? inOrder.slice(-count) : [];
  }
}
