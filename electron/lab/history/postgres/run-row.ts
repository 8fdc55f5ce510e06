import { hostname } from "node:os";
import { isSameProcess } from "../../process-identity.ts";
import { type RunColumns, storedRun } from "../run-columns.ts";
import type { StoredRun } from "../run-store.ts";

/** A lab is taken for dead when the database has not seen it for so long, unless its process can be asked. */
const SEEN_LIMIT = "30 seconds";

/** A row of `runs` with its lab's. */
export interface RunRow extends RunColumns {
  without: string[];
  raw: boolean;
  pinned: boolean;
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
  const { without, pinned, raw } = row;
  return storedRun(row, { without, pinned, raw, isAbandoned: row.outcome === null && !isOwnerAlive(row) });
}
