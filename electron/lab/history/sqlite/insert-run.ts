import type Database from "better-sqlite3";
import type { ProcessIdentity } from "../../process-identity.ts";
import { columnsOf } from "../run-columns.ts";
import type { NewRun } from "../run-store.ts";
import type { RunRow } from "./run-row.ts";

/** The columns that differ between a run that starts and one that is imported; the others take the table's defaults. */
type Progress = Pick<RunRow, "status"> &
  Partial<
    Pick<
      RunRow,
      "outcome" | "reason" | "duration_ms" | "imported_from" | "imported_wall_ms" | "raw" | "pinned" | "annotations"
    >
  >;

/**
 * Adds a run without its events.
 * @param key an SQL expression
 * @returns `changes` is 0 when there is a run of its id already
 */
export function insertRun(
  database: Database.Database,
  key: string,
  run: NewRun,
  owner: ProcessIdentity,
  progress: Progress,
): Database.RunResult {
  const columns = {
    ...columnsOf(run),
    owner_pid: owner.pid,
    owner_started: owner.startedAt,
    ...progress,
  } satisfies Partial<RunRow>;
  const names = Object.keys(columns);
  const values = names.map((name) => `@${name}`);
  const sql = `INSERT INTO runs (key, ${names}) VALUES (${key}, ${values}) ON CONFLICT (id) DO NOTHING`;
  return database.prepare(sql).run(columns);
}
