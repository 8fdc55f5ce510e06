/**
 * How late the event loop was. Node's own monitor forgets at a reset when it last ticked: a stall that begins before its next
 * tick would be in no reading.
 */
import { createHistogram, performance } from "node:perf_hooks";

const resolutionMs = 20;

/** In milliseconds beyond the resolution, since the last reset. */
export interface Delays {
  p99Ms: number;
  maxMs: number;
}

export class LoopDelay {
  /** In microseconds, and one more: a histogram takes no zero. */
  readonly #delays = createHistogram();
  readonly #timer: NodeJS.Timeout;
  #tickedAtMs = performance.now();

  constructor() {
    this.#timer = setInterval(() => this.#tick(performance.now()), resolutionMs);
    this.#timer.unref();
  }

  /** With a stall that has just ended, also where the reader's timer runs before this one. */
  read(): Delays {
    const nowMs = performance.now();
    if (nowMs - this.#tickedAtMs > resolutionMs) this.#tick(nowMs);
    if (this.#delays.count === 0) return { p99Ms: 0, maxMs: 0 };
    const toMs = (kept: number): number => (kept - 1) / 1_000;
    return { p99Ms: toMs(this.#delays.percentile(99)), maxMs: toMs(this.#delays.max) };
  }

  reset(): void {
    this.#delays.reset();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #tick(nowMs: number): void {
    const delayMs = nowMs - this.#tickedAtMs - resolutionMs;
    this.#delays.record(Math.max(0, Math.round(delayMs * 1_000)) + 1);
    this.#tickedAtMs = nowMs;
  }
}
