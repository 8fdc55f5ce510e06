import type * as abortScope from "../lab/abort-scope.ts";
import { orAbort } from "../lab/abort-scope.ts";

/** A time limit that runs out when the test says so, and not by a clock. */
export class ExpiringLimit {
  readonly #ms: number;
  #scope = new AbortController();

  /** @param ms of the limit that this stands for; others are left as they are */
  constructor(ms: number) {
    this.#ms = ms;
  }

  expire(): void {
    this.#scope.abort(new DOMException("not done in time", "TimeoutError"));
  }

  /** Stands for the `within` of `abort-scope.ts`, which is handed in. */
  within =
    (real: typeof abortScope.within): typeof real =>
    (signal, ms, work) => {
      if (ms !== this.#ms) return real(signal, ms, work);
      this.#scope = new AbortController();
      const limited = AbortSignal.any([signal, this.#scope.signal]);
      return orAbort(work(limited), limited);
    };
}
