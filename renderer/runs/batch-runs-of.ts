import type { RunSummary } from "../../electron/contract/history.ts";
import type { BatchPlace, QueueEntry } from "../../electron/contract/runs.ts";

/** A run of a batch, whether it waits, is in progress, or is in the history. */
export type BatchRun = Pick<
  QueueEntry,
  "runId" | "scenarioId" | "scenarioTitle" | "without" | "outcome" | "headline" | "reason" | "state"
> & { batch: BatchPlace };

/**
 * The runs of a batch in its order: as the queue of this lab has them, and else as they are stored. The newest of several
 * attempts counts. @param stored newest first
 */
export function runsOfBatch(queue: readonly QueueEntry[], stored: readonly RunSummary[]): BatchRun[] {
  const runs = new Map<number, BatchRun>();
  for (const { id, batch, ...run } of stored) {
    if (batch === null || runs.has(batch.number)) continue;
    runs.set(batch.number, { ...run, runId: id, batch, state: run.outcome === null ? "running" : "ended" });
  }
  for (const entry of queue) runs.set(entry.batch.number, entry);
  return [...runs.values()].sort((a, b) => a.batch.number - b.batch.number);
}

/** Scenarios down, protections across. */
export interface BatchGrid {
  columns: readonly string[];
  rows: readonly { scenarioId: string; title: string; cells: readonly (readonly BatchRun[])[] }[];
}

const ALL_ON = "Every protection";
const ONE_OFF = "Without a protection";

/**
 * The runs as a grid, those scenarios first of which `isFirst` holds for a run. Where no scenario was run without several
 * protections, one column has the runs without one, whichever that is. Undefined when all have the same protections.
 */
export function gridOf(runs: readonly BatchRun[], isFirst: (run: BatchRun) => boolean): BatchGrid | undefined {
  if (new Set(runs.map(keyOf)).size < 2) return undefined;
  const byScenario = [...Map.groupBy(runs, ({ scenarioId }) => scenarioId)];
  const hasSeveral = byScenario.some(([, its]) => new Set(its.map(keyOf).filter((key) => key !== "")).size > 1);
  const nameOf = (run: BatchRun) =>
    run.without.length === 0 ? ALL_ON : hasSeveral ? `Without ${run.without.join(", ")}` : ONE_OFF;
  const columns = [...new Set([...runs].sort((a, b) => Number(keyOf(a) !== "") - Number(keyOf(b) !== "")).map(nameOf))];
  const rows = byScenario.map(([scenarioId, its]) => ({
    scenarioId,
    title: its[0]?.scenarioTitle ?? scenarioId,
    cells: columns.map((column) => its.filter((run) => nameOf(run) === column)),
    isFirst: its.some(isFirst),
  }));
  rows.sort((a, b) => Number(b.isFirst) - Number(a.isFirst));
  return { columns, rows: rows.map(({ isFirst: _, ...row }) => row) };
}

function keyOf({ without }: BatchRun): string {
  return without.join();
}
