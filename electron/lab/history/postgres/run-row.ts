import { hostname } from "node:os";
import type { BatchPlace } from "../../../contract/runs.ts";
import type { Outcome } from "../../../model/lab-event.ts";
import { isSameProcess } from "../../process-identity.ts";
import type { StoredRun } from "../run-store.ts";
import { storedAnnotations } from "../stored-annotations.ts";

/** A lab is taken for dead when the database has not seen it for so long, unless its process can be asked. */
const SEEN_LIMIT = "30 seconds";

/** A row of `runs` with its lab's. */
export interface RunRow {
  key: number;
  id: string;
  scenario_id: string;
  scenario_title: string;
  driver: string;
  without: string[];
  outcome: Outcome | null;
  reason: string | null;
  started_wall_ms: number;
  duration_ms: number | null;
  imported_from: string | null;
  raw: boolean;
  pinned: boolean;
  annotations: string | null;
  batch: string | null;
  lab_host: string | null;
  lab_pid: number | null;
  lab_started: string | null;
  is_seen: boolean | null;
}

/** Without the sources, which may be long. */
export const RUN_COLUMNS = `runs.key, runs.id, scenario_id, scenario_title, driver, without, outcome, reason, started_wall_ms,
  duration_ms, imported_from, raw, pinned, annotations, batch, labs.host AS lab_host, labs.pid AS lab_pid, labs.started AS lab_started,
  labs.seen_at > now() - interval '${SEEN_LIMIT}' AS is_seen`;
export const RUNS_WITH_LABS = "runs LEFT JOIN labs ON labs.id = runs.lab";

/** By its process on this machine, and by the database's clock on others. */
export function isOwnerAlive({ lab_host, lab_pid, lab_started, is_seen }: RunRow): boolean {
  if (lab_host === null) return false;
  if (lab_host !== hostname()) return is_seen === true;
  return isSameProcess({ pid: lab_pid ?? 0, startedAt: lab_started ?? "" });
}

export function toStoredRun(row: RunRow): StoredRun {
  return {
    id: row.id,
    scenarioId: row.scenario_id,
    scenarioTitle: row.scenario_title,
    driver: row.driver,
    without: row.without,
    outcome: row.outcome,
    reason: row.reason,
    startedWallMs: row.started_wall_ms,
    durationMs: row.duration_ms,
    pinned: row.pinned,
    importedFrom: row.imported_from,
    raw: row.raw,
    annotations: storedAnnotations(row.annotations),
    batch: row.batch === null ? null : (JSON.parse(row.batch) as BatchPlace),
    isAbandoned: row.outcome === null && !isOwnerAlive(row),
  };
}
