/** The gauges of a process, and the delay of its event loop. */
import { type EventLoopUtilization, performance } from "node:perf_hooks";
import { type Delays, LoopDelay } from "./loop-delay.ts";
import { type ProcessGauges, readProcessGauges, rounded } from "./process-gauges.ts";

export interface Diagnostics extends Omit<ProcessGauges, "utilization"> {
  /** Of the current and the previous 10 s. */
  eventLoop: { p99Ms: number; maxMs: number; utilization: number };
}

const windowMs = 10_000;

/** Measures event loop delay in windows of 10 s, so that an old stall expires. */
export class ProcessMonitor {
  readonly #delay = new LoopDelay();
  readonly #timer: NodeJS.Timeout;
  #windowStart: EventLoopUtilization = performance.eventLoopUtilization();
  #last: Delays = { p99Ms: 0, maxMs: 0 };

  constructor() {
    this.#timer = setInterval(() => this.#nextWindow(), windowMs);
    this.#timer.unref();
  }

  /** The larger delay of the current window and the previous one. */
  read(): Diagnostics {
    const now = this.#delay.read();
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
    this.#delay.stop();
  }

  #nextWindow(): void {
    this.#last = this.#delay.read();
    this.#delay.reset();
    this.#windowStart = performance.eventLoopUtilization();
  }
}
