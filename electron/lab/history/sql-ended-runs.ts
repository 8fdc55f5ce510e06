import type { QueueSql, SqlQuery } from "./queue-database.ts";
import type { EndedRun, QueueRecord } from "./queue-store.ts";

/** Beside `queue`, each with the run's id: what is kept of a run. */
const PARTS = { attempts: "queue_attempts", results: "queue_results", deliveries: "queue_deliveries" } as const;

export async function endedRuns(sql: QueueSql, after: number, limit: number): Promise<EndedRun[]> {
  const rows = await sql.query<QueueRecord>(
    "SELECT * FROM queue WHERE state = 'ended' AND number > $1 ORDER BY number LIMIT $2",
    [after, limit],
  );
  return Promise.all(rows.map((row) => withParts(sql, row)));
}

export async function endedRun(sql: QueueSql, runId: string): Promise<EndedRun | undefined> {
  const [row] = await sql.query<QueueRecord>("SELECT * FROM queue WHERE state = 'ended' AND run_id = $1", [runId]);
  return row && withParts(sql, row);
}

export function addEndedRun(sql: QueueSql, { run, ...parts }: EndedRun): Promise<boolean> {
  return sql.transaction(async (query) => {
    if (!(await insert(query, "queue", run, "ON CONFLICT (run_id) DO NOTHING"))) return false;
    for (const [part, table] of Object.entries(PARTS)) {
      for (const row of parts[part as keyof typeof PARTS]) await insert(query, table, row);
    }
    return true;
  });
}

async function withParts(sql: QueueSql, { number, ...run }: QueueRecord): Promise<EndedRun> {
  const of = (table: string, order: string) =>
    sql.query<QueueRecord>(`SELECT * FROM ${table} WHERE run_id = $1 ORDER BY ${order}`, [run.run_id]);
  const [attempts, results, deliveries] = await Promise.all([
    of(PARTS.attempts, "attempt"),
    of(PARTS.results, "result_id"),
    of(PARTS.deliveries, "sink"),
  ]);
  return { number: Number(number), run, attempts, results, deliveries };
}

/** Columns are those of a row that was read from a table of the same name. */
async function insert(query: SqlQuery, table: string, row: QueueRecord, conflict = ""): Promise<boolean> {
  const columns = Object.keys(row);
  const values = columns.map((_, at) => `$${at + 1}`);
  const text = `INSERT INTO ${table} (${columns.join(", ")}) VALUES (${values.join(", ")}) ${conflict} RETURNING run_id`;
  return (await query(text, Object.values(row))).length > 0;
}
