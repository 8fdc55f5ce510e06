/**
 * When work beside the connections may take its next turn: once this process has done enough else since the last one, or
 * has been idle for long enough. So that work takes a fixed share of a busy process at most, and is not held up in one that
 * is not. Measured in processor time, since on a busy machine time passes for processes that do not run.
 */

import { performance } from "node:perf_hooks";

/** Idle time before the next turn, as a multiple of what the last one took: less is no sign of a process that has time. */
const idleRest = 10;

export class Pace {
  readonly #rest: number;
  #usedMs = 0;
  #endedCpuMs = 0;
  #endedIdleMs = 0;

  /** @param rest processor time for all else, as a multiple of what the work took */
  constructor(rest: number) {
    this.#rest = rest;
  }

  get isDue(): boolean {
    return (
      idleMs() - this.#endedIdleMs >= this.#usedMs * idleRest || cpuMs() - this.#endedCpuMs >= this.#usedMs * this.#rest
    );
  }

  turn(work: () => void): void {
    const beganMs = cpuMs();
    work();
    this.#endedCpuMs = cpuMs();
    this.#endedIdleMs = idleMs();
    this.#usedMs = this.#endedCpuMs - beganMs;
  }
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

function idleMs(): number {
  return performance.eventLoopUtilization().idle;
}
