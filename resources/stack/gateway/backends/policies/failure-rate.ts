/** How many calls failed within a sliding window of time, counted in slices of a tenth of it. */
interface Slice {
  startMs: number;
  calls: number;
  failures: number;
}

export class FailureRate {
  readonly #windowMs: number;
  readonly #slices: Slice[] = [];

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** `nowMs` on any monotonic clock, the same in each call. */
  add(nowMs: number, isFailure: boolean): void {
    let slice = this.#slices.at(-1);
    if (!slice || nowMs - slice.startMs >= this.#windowMs / 10) {
      slice = { startMs: nowMs, calls: 0, failures: 0 };
      this.#slices.push(slice);
    }
    slice.calls += 1;
    if (isFailure) slice.failures += 1;
  }

  read(nowMs: number): { calls: number; failures: number } {
    while (this.#slices[0] && nowMs - this.#slices[0].startMs > this.#windowMs) this.#slices.shift();
    const sum = { calls: 0, failures: 0 };
    for (const { calls, failures } of this.#slices) {
      sum.calls += calls;
      sum.failures += failures;
    }
    return sum;
  }

  clear(): void {
    this.#slices.length = 0;
  }
}
