import type Database from "better-sqlite3";
import type { TelemetryRecord } from "../../../model/telemetry.ts";
import { LabError } from "../../lab-error.ts";
import type { TelemetryPage } from "../run-store.ts";

/** Adds records to a run in one transaction. False when it does not exist. */
export function addTelemetry(database: Database.Database, runId: string, bodies: readonly string[]): boolean {
  const keyOf = database.prepare("SELECT key FROM runs WHERE id = ?").pluck();
  const last = database.prepare("SELECT coalesce(max(n), 0) FROM telemetry WHERE run_key = ?").pluck();
  const insert = database.prepare("INSERT INTO telemetry (run_key, n, body) VALUES (?, ?, ?)");
  const add = database.transaction(() => {
    const key = keyOf.get(runId);
    if (key === undefined) return false;
    let n = last.get(key) as number;
    for (const body of bodies) insert.run(key, ++n, body);
    return true;
  });
  return add.immediate();
}

interface TelemetryWindow {
  runId: string;
  key: number;
  after: number;
  limit: number;
}

/** @throws LabError `bad-input` naming the first damaged record */
export function telemetryPage(
  database: Database.Database,
  { runId, key, after, limit }: TelemetryWindow,
): TelemetryPage {
  const select = database.prepare("SELECT n, body FROM telemetry WHERE run_key = ? AND n > ? ORDER BY n LIMIT ?");
  const rows = select.all(key, after, limit + 1) as { n: number; body: string }[];
  const page = rows.slice(0, limit);
  const records = page.map(({ n, body }) => {
    try {
      return JSON.parse(body) as TelemetryRecord;
    } catch (error) {
      throw new LabError("bad-input", `telemetry ${n} of run ${runId} is damaged in the history`, { cause: error });
    }
  });
  return { records, next: page.at(-1)?.n ?? after, hasMore: rows.length > limit };
}
