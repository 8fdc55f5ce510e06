import { setTimeout as delay, setImmediate as turn } from "node:timers/promises";

/**
 * Target duration of a slice. The lab's thread also sends the watchdog's heartbeat, and the watchdog takes 2.5 s without one
 * for a hang, so work that grows with the history is done in slices.
 */
const SLICE_MS = 20;
/** Small, since the time per row is not known yet. */
const FIRST_ROWS = 50;
/** Bounds a slice whose rows are far larger than those before. */
const ROWS_LIMIT = 2_000;

interface SliceOptions {
  /** Pauses after each slice for as long as it took: another process waits for the lock by polling. */
  writes: boolean;
  /** Ends the work between two slices, with the signal's reason. */
  signal?: AbortSignal | undefined;
}

/** Calls `slice` with a number of rows until it returns false, and yields to other work in between. */
export async function inSlices(slice: (rows: number) => boolean, { writes, signal }: SliceOptions): Promise<void> {
  let rows = FIRST_ROWS;
  for (;;) {
    signal?.throwIfAborted();
    const startedMs = performance.now();
    if (!slice(rows)) return;
    const tookMs = performance.now() - startedMs;
    if (tookMs > SLICE_MS) rows = Math.max(1, Math.floor((rows * SLICE_MS) / tookMs));
    else if (tookMs < SLICE_MS / 2) rows = Math.min(ROWS_LIMIT, rows * 2);
    await (writes ? delay(tookMs) : turn());
  }
}
