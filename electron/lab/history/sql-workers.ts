import type { QueueSql } from "./queue-database.ts";
import type { ReportedWorker } from "./queue-store.ts";

export async function reportWorker(
  sql: QueueSql,
  { worker, labels, concurrency, pause }: ReportedWorker,
): Promise<void> {
  await sql.query(
    `INSERT INTO queue_workers (worker, labels, concurrency, pause, seen_ms) VALUES ($1, $2, $3, $4, ${sql.now})
     ON CONFLICT (worker) DO UPDATE SET seen_ms = excluded.seen_ms, pause = excluded.pause`,
    [worker, JSON.stringify(labels), concurrency, pause === null ? null : JSON.stringify(pause)],
  );
}

/** Those that reported within so many milliseconds. */
export async function workersSeen(sql: QueueSql, withinMs: number): Promise<ReportedWorker[]> {
  const rows = await sql.query<{ worker: string; labels: string; concurrency: number; pause: string | null }>(
    `SELECT * FROM queue_workers WHERE seen_ms > ${sql.now} - $1 ORDER BY worker`,
    [withinMs],
  );
  return rows.map(({ worker, labels, concurrency, pause }) => ({
    worker,
    labels: JSON.parse(labels) as string[],
    concurrency,
    pause: pause === null ? null : (JSON.parse(pause) as ReportedWorker["pause"]),
  }));
}
