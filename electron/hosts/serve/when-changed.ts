import { pauseFor } from "../../lab/pause-for.ts";
import { WakeUp } from "../../lab/wake-up.ts";
import type { ApiStorage } from "./api-route.ts";

/** A worker is another process, often on another machine: PostgreSQL does not notify. */
const POLL_MS = 200;
/** Where the database notifies, a change may be missed all the same. */
const TOLD_POLL_MS = 5_000;
/** Several changes are read at once. */
const GATHER_MS = 20;

/** Once at first, and then whenever what is stored may have changed, until the signal aborts. */
export async function* whenChanged({ onChange }: Pick<ApiStorage, "onChange">, signal: AbortSignal) {
  const wakeUp = new WakeUp();
  const end = onChange(() => wakeUp.wake());
  try {
    while (!signal.aborted) {
      yield;
      await wakeUp.wait(end === undefined ? POLL_MS : TOLD_POLL_MS, signal);
      await pauseFor(GATHER_MS, signal);
    }
  } finally {
    end?.();
  }
}
