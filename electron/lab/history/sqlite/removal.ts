import type Database from "better-sqlite3";
import { inSlices } from "./slices.ts";

/**
 * Deletes runs in one short transaction, and leaves their events to {@link removeEvents}, which the next start calls too,
 * in case this process dies in between. For a connection with foreign keys off: else SQLite would delete all events at
 * once. Returns the ids of the runs that existed.
 */
export function removeRuns(database: Database.Database, runIds: readonly string[]): string[] {
  const note = database.prepare("INSERT INTO removals (run_key) SELECT key FROM runs WHERE id = ?");
  const remove = database.prepare("DELETE FROM runs WHERE id = ?");
  const removed = database.transaction(() =>
    runIds.filter((runId) => {
      note.run(runId);
      return remove.run(runId).changes > 0;
    }),
  );
  return removed.immediate();
}

/** Removes the events and the telemetry of all deleted runs. Safe to repeat, and to run concurrently in several processes. */
export async function removeEvents(database: Database.Database, signal?: AbortSignal): Promise<void> {
  const next = database.prepare("SELECT run_key FROM removals LIMIT 1").pluck();
  const remove = database.prepare(
    `DELETE FROM events WHERE run_key = @key AND seq <=
       (SELECT max(seq) FROM (SELECT seq FROM events WHERE run_key = @key ORDER BY seq LIMIT @rows))`,
  );
  const removeTelemetry = database.prepare(
    `DELETE FROM telemetry WHERE run_key = @key AND n <=
       (SELECT max(n) FROM (SELECT n FROM telemetry WHERE run_key = @key ORDER BY n LIMIT @rows))`,
  );
  const forget = database.prepare("DELETE FROM removals WHERE run_key = ?");
  await inSlices(
    (rows) => {
      const key = next.get();
      if (key === undefined) return false;
      const isEmpty = remove.run({ key, rows }).changes < rows && removeTelemetry.run({ key, rows }).changes < rows;
      if (isEmpty) forget.run(key);
      return true;
    },
    { writes: true, signal },
  );
}
