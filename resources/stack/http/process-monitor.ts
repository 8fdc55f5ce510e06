/** The gauges of a process, and the delay of its event loop. */
import { type EventLoopUtilization, monitorEventLoopDelay, performance } from "node:perf_hooks";
import { type ProcessGauges, readProcessGauges, rounded } from "./process-gauges.ts";

export interface Diagnostics extends Omit<ProcessGauges, "utilization"> {
  /** Of the current and the previous 10 s. */
  eventLoop: { p99Ms: number; maxMs: number; utilization: number };
}

const windowMs = 10_000;
const resolutionMs = 20;

/** Measures event loop delay in windows of 10 s, so that an old stall expires. */
export class ProcessMonitor {
  readonly #delay = monitorEventLoopDelay({ resolution: resolutionMs });
  readonly #timer: NodeJS.Timeout;
  #windowStart: EventLoopUtilization = performance.eventLoopUtilization();
  #windowStartMs = performance.now();
  #last = { p99Ms: 0, maxMs: 0 };

  constructor() {
    this.#delay.enable();
    this.#timer = setInterval(() => this.#nextWindow(), windowMs);
    this.#timer.unref();
  }

  /** The larger delay of the current window and the previous one. */
  read(): Diagnostics {
    const now = this.#readDelay();
    const { utilization } = performance.eventLoopUtilization(performance.eventLoopUtilization(), this.#windowStart);
    const { utilization: _sinceStart, ...gauges } = readProcessGauges();
    return {
      ...gauges,
      eventLoop: {
        p99Ms: rounded(Math.max(now.p99Ms, this.#last.p99Ms)),
        maxMs: rounded(Math.max(now.maxMs, this.#last.maxMs)),
        utilization: rounded(utilization),
      },
    };
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#delay.disable();
  }

  /**
   * After a stall this may run before the histogram's tick, and the reset makes it forget when its last tick was: that stall
   * shows in how late this is.
   */
  #nextWindow(): void {
    const nowMs = performance.now();
    const lateMs = nowMs - this.#windowStartMs - windowMs;
    const { p99Ms, maxMs } = this.#readDelay();
    this.#last = { p99Ms, maxMs: Math.max(maxMs, lateMs) };
    this.#windowStartMs = nowMs;
    this.#delay.reset();
    this.#windowStart = performance.eventLoopUtilization();
  }

  /** The histogram measures the time between two ticks of its timer; the excess over the resolution is delay. */
  #readDelay(): { p99Ms: number; maxMs: number } {
    if (this.#delay.count === 0) return { p99Ms: 0, maxMs: 0 };
    const delayMs = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - resolutionMs);
    return { p99Ms: delayMs(this.#delay.percentile(99)), maxMs: delayMs(this.#delay.max) };
  }
}
