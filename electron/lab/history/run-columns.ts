import type { BatchPlace } from "../../contract/runs.ts";
import type { Outcome } from "../../model/outcomes.ts";
import type { NewRun, StoredRun } from "./run-store.ts";
import { storedAnnotations } from "./stored-annotations.ts";

/** What a row of `runs` has alike in each database. */
export interface RunColumns {
  key: number;
  id: string;
  scenario_id: string;
  scenario_title: string;
  driver: string;
  outcome: Outcome | null;
  reason: string | null;
  started_wall_ms: number;
  duration_ms: number | null;
  imported_from: string | null;
  annotations: string | null;
  batch: string | null;
}

/** @param own what the database has in a way of its own */
export function storedRun(
  row: RunColumns,
  own: Pick<StoredRun, "without" | "pinned" | "raw" | "isAbandoned">,
): StoredRun {
  return {
    id: row.id,
    scenarioId: row.scenario_id,
    scenarioTitle: row.scenario_title,
    driver: row.driver,
    outcome: row.outcome,
    reason: row.reason,
    startedWallMs: row.started_wall_ms,
    durationMs: row.duration_ms,
    importedFrom: row.imported_from,
    annotations: storedAnnotations(row.annotations),
    batch: row.batch === null ? null : (JSON.parse(row.batch) as BatchPlace),
    ...own,
  };
}

/** The columns that a run has from its beginning. */
export function columnsOf(run: NewRun) {
  return {
    id: run.id,
    scenario_id: run.scenarioId,
    scenario_title: run.scenarioTitle,
    scenario_source: run.scenarioSource,
    stack_source: run.stackSource ?? null,
    driver: run.driver,
    without: JSON.stringify(run.without),
    started_wall_ms: Math.round(run.startedWallMs),
    batch: run.batch ? JSON.stringify(run.batch) : null,
  };
}
