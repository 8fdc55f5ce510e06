import type { QueueEntry, RunQueue } from "../../electron/contract/runs.ts";

/** The runs of a batch that are known, in its order. */
export interface BatchRuns {
  id: string;
  of: number;
  entries: readonly QueueEntry[];
  /** The run in progress; undefined before the first, and after the last. */
  current: QueueEntry | undefined;
  passed: number;
  /** Ended otherwise. */
  notPassed: number;
}

/** The batch of the run shown, else the one in progress. Undefined for a run of its own. */
export function batchOf({ active, ended }: RunQueue, shownRunId: string | undefined): BatchRuns | undefined {
  const all = [...active, ...ended];
  const shown = shownRunId === undefined ? undefined : all.find(({ runId }) => runId === shownRunId);
  const batch = (shown ?? active[0])?.batch;
  if (batch === undefined || batch.of < 2) return undefined;
  const entries = all.filter((entry) => entry.batch.id === batch.id).sort((a, b) => a.batch.number - b.batch.number);
  const done = entries.filter(({ state }) => state === "ended");
  const passed = done.filter(({ outcome }) => outcome === "passed").length;
  return {
    ...{ id: batch.id, of: batch.of, entries, passed },
    current: entries.find(({ state }) => state === "running"),
    notPassed: done.length - passed,
  };
}
