import type { PaceKind } from "../../contract/runs.ts";
import type { Clock } from "../clock.ts";

/** All waits of one run together; then it continues by itself. */
export const WAITS_AT_MOST_MS = 10 * 60_000;
/** Before each step of a slow run. */
const SLOW_WAIT_MS = 3_000;

/** The waits of one run before its steps. */
export class Pace {
  readonly #waitMs: number;
  readonly #clock: Clock;
  #leftMs = WAITS_AT_MOST_MS;
  #waiting: AbortController | undefined;

  constructor(kind: Exclude<PaceKind, "none">, clock: Clock) {
    this.#waitMs = kind === "slow" ? SLOW_WAIT_MS : WAITS_AT_MOST_MS;
    this.#clock = clock;
  }

  get leftMs(): number {
    return this.#leftMs;
  }

  /** Ends the wait in progress; false when there is none. */
  next(): boolean {
    if (this.#waiting === undefined) return false;
    this.#waiting.abort();
    return true;
  }

  /** Resolves with the time waited, in milliseconds. @throws the signal's reason when it aborts first */
  async wait(signal: AbortSignal): Promise<number> {
    signal.throwIfAborted();
    const startedMs = this.#clock.monotonicMs();
    const next = new AbortController();
    this.#waiting = next;
    const limit = AbortSignal.any([signal, next.signal]);
    try {
      await this.#clock.sleep(Math.min(this.#waitMs, this.#leftMs), limit).catch(() => {});
    } finally {
      this.#waiting = undefined;
    }
    const waitedMs = this.#clock.monotonicMs() - startedMs;
    this.#leftMs = Math.max(0, this.#leftMs - waitedMs);
    signal.throwIfAborted();
    return waitedMs;
  }
}
