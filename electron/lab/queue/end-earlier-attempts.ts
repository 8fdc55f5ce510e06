import type { QueuedRun, QueueStore } from "../history/queue-store.ts";
import type { RunStore } from "../history/run-store.ts";

/** A worker that lost its lease may still be running: nothing that it records from now on is kept. */
export async function endEarlierAttempts(
  { runId, attempt }: QueuedRun,
  history: RunStore,
  queue: QueueStore,
): Promise<void> {
  if (attempt === 1) return;
  for (const earlier of await queue.attempts(runId)) {
    if (earlier.attempt >= attempt) continue;
    for (const historyRun of earlier.historyRuns) {
      await history.interrupt(historyRun, `its worker lost the lease; attempt ${attempt} took the run over`);
    }
  }
}
