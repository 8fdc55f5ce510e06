import type { QueueSql, SqlQuery } from "./queue-database.ts";
import type { Lease, QueueAttempt, QueueResult, StoredQueueResult } from "./queue-store.ts";

export async function attemptsOf({ query }: QueueSql, runId: string): Promise<QueueAttempt[]> {
  const rows = await query<{
    attempt: number;
    worker: string;
    claimed_ms: number;
    ended_ms: number | null;
    ending: QueueAttempt["ending"];
    reason: string | null;
    history_runs: string;
  }>("SELECT * FROM queue_attempts WHERE run_id = $1 ORDER BY attempt", [runId]);
  return rows.map((row) => ({
    attempt: row.attempt,
    worker: row.worker,
    claimedWallMs: row.claimed_ms,
    endedWallMs: row.ended_ms,
    ending: row.ending,
    reason: row.reason,
    historyRuns: JSON.parse(row.history_runs) as string[],
  }));
}

/** The attempt that recorded this run of the history. */
export async function attemptWith(
  { query }: QueueSql,
  historyRun: string,
): Promise<Pick<Lease, "runId" | "attempt"> | undefined> {
  const [row] = await query<{ run_id: string; attempt: number }>(
    "SELECT run_id, attempt FROM queue_attempts WHERE history_runs LIKE $1 LIMIT 1",
    [`%${JSON.stringify(historyRun)}%`],
  );
  return row && { runId: row.run_id, attempt: row.attempt };
}

/** Part of the transaction that ends an attempt. */
export function endAttempt(
  query: SqlQuery,
  { now }: Pick<QueueSql, "now">,
  runId: string,
  ending: string,
  reason: string,
): Promise<unknown> {
  return query(
    `UPDATE queue_attempts SET ended_ms = ${now}, ending = $2, reason = $3
     WHERE run_id = $1 AND ended_ms IS NULL`,
    [runId, ending, reason],
  );
}

/** A result that is given again takes the place of the first. */
export async function addResults(
  query: SqlQuery,
  { now }: Pick<QueueSql, "now">,
  { runId, attempt }: Pick<Lease, "runId" | "attempt">,
  results: readonly QueueResult[],
): Promise<void> {
  for (const { resultId, item, evaluator, body } of results) {
    await query(
      `INSERT INTO queue_results (result_id, run_id, attempt, item, evaluator, body, created_ms)
       VALUES ($1, $2, $3, $4, $5, $6, ${now})
       ON CONFLICT (result_id) DO UPDATE SET attempt = excluded.attempt, body = excluded.body,
         created_ms = excluded.created_ms`,
      [resultId, runId, attempt, item, evaluator, JSON.stringify(body)],
    );
  }
}

export async function resultsOf({ query }: QueueSql, runId: string): Promise<StoredQueueResult[]> {
  const rows = await query<{
    result_id: string;
    run_id: string;
    attempt: number;
    item: string;
    evaluator: string;
    body: string;
    created_ms: number;
  }>("SELECT * FROM queue_results WHERE run_id = $1 ORDER BY item, evaluator", [runId]);
  return rows.map((row) => ({
    resultId: row.result_id,
    runId: row.run_id,
    attempt: row.attempt,
    item: row.item,
    evaluator: row.evaluator,
    body: JSON.parse(row.body) as unknown,
    createdWallMs: row.created_ms,
  }));
}
