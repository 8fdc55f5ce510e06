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

/**
 * Milliseconds of an interval in which a process could have acted: all of it, unless its main thread was kept from a processor
 * by others, on a machine with too much to do. Then only what it used of one counts.
 * Where the system does not say (`/proc/PID/task/PID/stat`), all of it counts.
 */
export class AbleToAct {
  readonly #pid: number;
  #before: ProcessStat | undefined;

  constructor(pid: number) {
    this.#pid = pid;
    this.#before = this.#mainThread();
  }

  /** @param elapsedMs since the last call, or since this was created */
  ms(elapsedMs: number): number {
    const [before, now] = [this.#before, this.#mainThread()];
    this.#before = now;
    if (before === undefined || now === undefined || now.state !== "R") return elapsedMs;
    return Math.min(elapsedMs, ((now.ticks - before.ticks) / TICKS_PER_SECOND) * 1_000);
  }

  #mainThread(): ProcessStat | undefined {
    return readStat(`/proc/${this.#pid}/task/${this.#pid}/stat`);
  }
}

interface ProcessStat {
  /** `R` running or waiting for a processor, `S` sleeping, `T` stopped. */
  state: string;
  ticks: number;
  memoryBytes: number;
}

const usedBy = (pid: number) => readStat(`/proc/${pid}/stat`);

function readStat(file: string): ProcessStat | undefined {
  try {
    const stat = readFileSync(file, "utf8");
    // The name, in parentheses, may hold blanks. Fields are numbered from 1 in proc(5): state is the third.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const field = (number: number) => Number(fields[number - 3]);
    return { state: fields[0] ?? "", ticks: field(14) + field(15), memoryBytes: field(24) * PAGE_BYTES };
  } catch {
    return undefined;
  }
}
