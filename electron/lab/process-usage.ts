import { readFileSync } from "node:fs";

/** USER_HZ: what /proc counts processor time in, the same on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;
const PAGE_BYTES = 4096;
const SAMPLE_MS = 250;

export interface ProcessUsage {
  /** Of one processor, in percent, over a quarter of a second. */
  cpuPercent: number;
  memoryBytes: number;
}

/** What a process uses now (/proc/PID/stat); undefined where the system does not say, and for one that has ended. */
export async function processUsage(pid: number): Promise<ProcessUsage | undefined> {
  const before = usedBy(pid);
  if (before === undefined) return undefined;
  const startedMs = performance.now();
  await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS));
  const after = usedBy(pid);
  if (after === undefined) return undefined;
  const tookSeconds = (performance.now() - startedMs) / 1_000;
  const cpuPercent = ((after.ticks - before.ticks) / TICKS_PER_SECOND / tookSeconds) * 100;
  return { cpuPercent, memoryBytes: after.memoryBytes };
}

function usedBy(pid: number): { ticks: number; memoryBytes: number } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name, in parentheses, may hold blanks. Fields are numbered from 1 in proc(5): state is the third.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const field = (number: number) => Number(fields[number - 3]);
    return { ticks: field(14) + field(15), memoryBytes: field(24) * PAGE_BYTES };
  } catch {
    return undefined;
  }
}
