/**
 * Whether the process is too busy for what can be left out: its event loop or CPU is exhausted while work waits. Then a window
 * opens, in which mirrors of progress are shed. Without waiting work nothing is shed: a busy process that keeps up is healthy.
 * The reasons and their limits are those of OpenClaw's gateway.
 */
import { type EventLoopUtilization, performance } from "node:perf_hooks";
import { LoopDelay } from "../../http/loop-delay.ts";

/** Of the time since the reading before. */
export interface PressureReading {
  delayP99Ms: number;
  delayMaxMs: number;
  /** From 0 to 1. */
  utilization: number;
  /** CPU time for each unit of time; above 1 with several threads. */
  cpuRatio: number;
}

export type PressureReason = "event_loop_delay" | "event_loop_utilization" | "cpu";

const windowMs = 2_000;
const checkEveryMs = 500;

export class Pressure {
  /** Of the last check that found any. */
  reasons: readonly PressureReason[] = [];
  /** Number of windows that were opened or extended. */
  windows = 0;
  readonly #queued: () => number;
  readonly #now: () => number;
  #untilMs = 0;
  /** Of the check before, which found no work: what arrives during a stall is only read after it. */
  #unanswered: readonly PressureReason[] = [];

  /** `queued`: calls that wait for their turn. `now`: a monotonic clock, in milliseconds. */
  constructor(queued: () => number, now: () => number = () => performance.now()) {
    this.#queued = queued;
    this.#now = now;
  }

  get isOpen(): boolean {
    return this.#now() < this.#untilMs;
  }

  check(reading: PressureReading): void {
    const found = reasonsFor(reading);
    const reasons = found.length === 0 ? this.#unanswered : found;
    this.#unanswered = [];
    if (reasons.length === 0) return;
    if (this.#queued() === 0) {
      this.#unanswered = found;
      return;
    }
    this.reasons = reasons;
    this.windows += 1;
    this.#untilMs = this.#now() + windowMs;
  }
}

function reasonsFor({ delayP99Ms, delayMaxMs, utilization, cpuRatio }: PressureReading): PressureReason[] {
  const reasons: PressureReason[] = [];
  if (delayP99Ms >= 1_000 || delayMaxMs >= 1_000) reasons.push("event_loop_delay");
  if (utilization >= 0.95) reasons.push("event_loop_utilization");
  if (cpuRatio >= 0.9) reasons.push("cpu");
  return reasons;
}

/** Checks twice a second until the returned function is called. */
export function watchPressure(pressure: Pressure): () => void {
  const delay = new LoopDelay();
  let loop: EventLoopUtilization = performance.eventLoopUtilization();
  let cpu = process.cpuUsage();
  let atMs = performance.now();
  const timer = setInterval(() => {
    const nowMs = performance.now();
    const used = process.cpuUsage(cpu);
    const { p99Ms, maxMs } = delay.read();
    pressure.check({
      delayP99Ms: p99Ms,
      delayMaxMs: maxMs,
      utilization: performance.eventLoopUtilization(loop).utilization,
      cpuRatio: (used.user + used.system) / 1_000 / (nowMs - atMs),
    });
    delay.reset();
    loop = performance.eventLoopUtilization();
    cpu = process.cpuUsage();
    atMs = nowMs;
  }, checkEveryMs);
  timer.unref();
  return () => {
    clearInterval(timer);
    delay.stop();
  };
}
