/** What a process holds at this moment. A gauge that cannot be read is -1. */
import { readFileSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { readWork } from "./work.ts";

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
  /** Requests that are not answered to their end, this one and streams included. */
  open_requests: number;
  /** Sockets that do not only wait for their next request. */
  open_sockets: number;
  /** Timers that keep the process alive. */
  open_timers: number;
  /** Of the process's own events. */
  listeners: number;
  /** Share of the time since the start in which the event loop was busy. */
  utilization: number;
}

export function readProcessGauges(): ProcessGauges {
  const resources = attempt(() => process.getActiveResourcesInfo());
  const memory = attempt(() => process.memoryUsage());
  const count = resources?.length ?? -1;
  const handles = countEach(resources ?? []);
  const { openRequests, idleSockets, idleTimers } = readWork();
  return {
    thread_count:
      attempt(() => Number(/^Threads:\s+(\d+)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1])) ?? -1,
    asyncio_task_count: count,
    heapUsedBytes: memory?.heapUsed ?? -1,
    rssBytes: memory?.rss ?? -1,
    activeHandles: count,
    handles,
    open_requests: openRequests,
    open_sockets: resources ? Math.max(0, (handles.TCPSocketWrap ?? 0) - idleSockets) : -1,
    open_timers: resources ? Math.max(0, (handles.Timeout ?? 0) - idleTimers) : -1,
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
