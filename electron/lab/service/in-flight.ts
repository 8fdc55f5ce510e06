/** Work that has begun and must be over before what it writes to is closed. */
export class InFlight {
  readonly #working = new Set<Promise<unknown>>();

  during<Value>(work: () => Promise<Value>): Promise<Value> {
    const working = work();
    this.#working.add(working);
    const done = () => void this.#working.delete(working);
    working.then(done, done);
    return working;
  }

  /** Resolves when all of it has ended, however, and what was begun meanwhile too. */
  async settled(): Promise<void> {
    while (this.#working.size > 0) await Promise.allSettled(this.#working);
  }
}
