import type * as abortScope from "../lab/abort-scope.ts";

/** A time limit that expires when the test triggers it, not by a clock. */
export class ExpiringLimit {
  readonly #ms: number;
  #scope = new AbortController();

  /** @param ms duration of the limit to replace; other limits are unchanged */
  constructor(ms: number) {
    this.#ms = ms;
  }

  expire(): void {
    this.#scope.abort(new DOMException("not done in time", "TimeoutError"));
  }

  within(real: typeof abortScope): typeof real.within {
    return (signal, ms, work) => {
      if (ms !== this.#ms) return real.within(signal, ms, work);
      this.#scope = new AbortController();
      const limited = AbortSignal.any([signal, this.#scope.signal]);
      return real.orAbort(work(limited), limited);
    };
  }
}

/** The limit controlled by the test, if any. */
export const inForce: { limit: ExpiringLimit | undefined } = { limit: undefined };

/** `abort-scope.ts` for a test: `vi.mock(..., async (original) => withLimitInForce(await original()))`. */
export function withLimitInForce(real: typeof abortScope): typeof abortScope {
  const within: typeof real.within = (...given) => (inForce.limit?.within(real) ?? real.within)(...given);
  return { ...real, within };
}
