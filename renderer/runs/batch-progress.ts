import { endedAsExpected, type QueueEntry, type RunQueue } from "../../electron/contract/runs.ts";
import type { Route } from "../state/route.ts";

/** The runs of a batch that are known, in its order. */
export interface BatchRuns {
  id: string;
  of: number;
  entries: readonly QueueEntry[];
  /** The run in progress; undefined before the first, and after the last. */
  current: QueueEntry | undefined;
  passed: number;
  /** Failed to show what a protection prevents. */
  shown: number;
  /** Ended otherwise. */
  notPassed: number;
}

/** The batch of the page shown, else the one in progress. Undefined for a run of its own. */
export function batchOf({ active, ended }: Pick<RunQueue, "active" | "ended">, route: Route): BatchRuns | undefined {
  const all = [...active, ...ended];
  const shown = shownRun(route);
  const own = shown === undefined ? undefined : all.find(({ runId }) => runId === shown);
  const id = route.at === "batch" ? route.batchId : (own ?? active[0])?.batch.id;
  const entries = all.filter((entry) => entry.batch.id === id).sort((a, b) => a.batch.number - b.batch.number);
  const of = entries[0]?.batch.of ?? 0;
  if (id === undefined || of < 2) return undefined;
  const done = entries.filter(({ state }) => state === "ended");
  const asExpected = done.filter(({ outcome, batch }) => endedAsExpected(outcome, batch.showsFailure));
  const passed = asExpected.filter(({ batch }) => !batch.showsFailure).length;
  return {
    ...{ id, of, entries, passed },
    shown: asExpected.length - passed,
    current: entries.find(({ state }) => state === "running"),
    notPassed: done.length - asExpected.length,
  };
}

/** The run that a page is about; of two compared, the later one. */
export function shownRun(route: Route): string | undefined {
  if (route.at === "compare") return route.right;
  return route.at === "run" ? route.runId : undefined;
}

/** The run that an ended one is to be compared with. */
export function pairOf(entries: readonly QueueEntry[], entry: QueueEntry | undefined): string | undefined {
  if (entry?.state !== "ended" || entry.runId === null || !entry.batch.isCompared) return undefined;
  const { id, number } = entry.batch;
  return entries.find(({ batch }) => batch.id === id && batch.number === number - 1)?.runId ?? undefined;
}

/**
 * Where a person goes on to from a page: from the pattern that a run has shown to its comparison, then to the run in
 * progress, and after the last to the result of all. Undefined while there is nothing to go on to.
 */
export function nextPlace({ id, entries, current }: BatchRuns, route: Route): Route | undefined {
  const shownId = shownRun(route);
  const shown = entries.find(({ runId }) => runId !== null && runId === shownId);
  const left = route.at === "run" ? pairOf(entries, shown) : undefined;
  if (left !== undefined && shown?.runId != null) return { at: "compare", left, right: shown.runId };
  if (current !== undefined) {
    const { runId } = current;
    return runId === null || runId === shownId ? undefined : { at: "run", runId };
  }
  if (route.at === "batch" || entries.some(({ state }) => state !== "ended")) return undefined;
  return { at: "batch", batchId: id };
}
