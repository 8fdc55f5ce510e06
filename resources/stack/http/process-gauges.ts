/** What a process holds at this moment. A gauge that cannot be read is -1. */
import { readFileSync } from "node:fs";
import { performance } from "node:perf_hooks";

export interface ProcessGauges {
  /** Threads of the operating system; known on Linux only. */
  thread_count: number;
  /** What the event loop waits for: Node's counterpart of asyncio's tasks. Timers that keep no process alive are not in it. */
  asyncio_task_count: number;
  heapUsedBytes: number;
  rssBytes: number;
  activeHandles: number;
  /** `activeHandles` by their kind, such as Timeout and TCPSocketWrap. */
  handles: Record<string, number>;
  /** Of the process's own events. */
  listeners: number;
  /** Share of the time since the start in which the event loop was busy. */
  utilization: number;
}

export function readProcessGauges(): ProcessGauges {
  const resources = attempt(() => process.getActiveResourcesInfo());
  const memory = attempt(() => process.memoryUsage());
  const count = resources?.length ?? -1;
  return {
    thread_count:
      attempt(() => Number(/^Threads:\s+(\d+)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1])) ?? -1,
    asyncio_task_count: count,
    heapUsedBytes: memory?.heapUsed ?? -1,
    rssBytes: memory?.rss ?? -1,
    activeHandles: count,
    handles: countEach(resources ?? []),
    listeners: process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0),
    utilization: rounded(performance.eventLoopUtilization().utilization),
  };
}

function countEach(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

/** Undefined also for NaN. */
function attempt<T>(read: () => T): T | undefined {
  try {
    const value = read();
    return Number.isNaN(value) ? undefined : value;
  } catch {
    return undefined;
  }
}

/** -1 unless it is a number. */
export function rounded(value: number): number {
  return Number.isFinite(value) ? Math.round(value * 1_000) / 1_000 : -1;
}
