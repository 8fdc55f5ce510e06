import { setTimeout as delay } from "node:timers/promises";

const POLL_INTERVAL_MS = 20;
const LIMIT_MS = 240_000;

/**
 * Kills a lab and whatever watches over it at one moment, as a power cut does. They are frozen first: a watchdog that is killed
 * a moment after its lab could undo a fault in between.
 * @param processes their ids now; read from the process table until there are none
 */
export async function cutPower(processes: () => readonly number[]): Promise<void> {
  const limitMs = performance.now() + LIMIT_MS;
  for (let pids = processes(); pids.length > 0; pids = processes()) {
    if (performance.now() > limitMs) throw new Error(`still there after SIGKILL: ${pids.join(", ")}`);
    signalAll(pids, "SIGSTOP");
    signalAll(pids, "SIGKILL");
    await delay(POLL_INTERVAL_MS);
  }
}

function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch {
      // has exited meanwhile
    }
  }
}
