import type { BatchPlace } from "../../../contract/runs.ts";
import type { Outcome } from "../../../model/lab-event.ts";
import { isSameProcess } from "../../process-identity.ts";
import type { StoredRun } from "../run-store.ts";
import { storedAnnotations } from "../stored-annotations.ts";

/** A row of `runs`. */
export interface RunRow {
  key: number;
  id: string;
  scenario_id: string;
  scenario_title: string;
  scenario_source: string;
  stack_source: string | null;
  driver: string;
  without: string;
  status: "running" | "ended";
  outcome: Outcome | null;
  reason: string | null;
  started_wall_ms: number;
  duration_ms: number | null;
  owner_pid: number;
  owner_started: string;
  imported_from: string | null;
  imported_wall_ms: number | null;
  raw: number;
  pinned: number;
  annotations: string | null;
  batch: string | null;
}

export function isOwnerAlive(row: Pick<RunRow, "owner_pid" | "owner_started">): boolean {
  return isSameProcess({ pid: row.owner_pid, startedAt: row.owner_started });
}

export function toStoredRun(row: RunRow): StoredRun {
  return {
    id: row.id,
    scenarioId: row.scenario_id,
    scenarioTitle: row.scenario_title,
    driver: row.driver,
    without: JSON.parse(row.without) as string[],
    outcome: row.outcome,
    reason: row.reason,
    startedWallMs: row.started_wall_ms,
    durationMs: row.duration_ms,
    pinned: row.pinned === 1,
    importedFrom: row.imported_from,
    raw: row.raw === 1,
    annotations: storedAnnotations(row.annotations),
    batch: row.batch === null ? null : (JSON.parse(row.batch) as BatchPlace),
    isAbandoned: row.outcome === null && !isOwnerAlive(row),
  };
}
