import { setTimeout as delay, setImmediate as turn } from "node:timers/promises";

/**
 * The lab's thread also beats for its watchdog, which takes a silence of 2.5 s for a lab that hangs: so
 * work on the database that grows with the history is done in slices of about this long.
 */
const SLICE_MS = 20;
/** Few, since it is not known yet how long a row takes. */
const FIRST_ROWS = 50;
/** A bound for rows that are suddenly far larger than those before them. */
const ROWS_LIMIT = 2_000;

interface SliceOptions {
  /** Slices that write leave as much time as they take: another process waits for the lock by asking again and again. */
  writes: boolean;
  /** Ends the work between two slices, with its reason. */
  signal?: AbortSignal | undefined;
}

/** Calls `slice` with a number of rows until it returns false, and lets everything else have its turn in between. */
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
