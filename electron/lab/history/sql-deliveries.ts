import type { QueueSql, SqlQuery } from "./queue-database.ts";
import type { Delivery, StoredDelivery } from "./queue-store.ts";

/** Part of the transaction that ends a run: one row for each of the sinks in its spec. */
export async function addDeliveries(
  query: SqlQuery,
  { now }: Pick<QueueSql, "now">,
  { run_id, spec }: { run_id: string; spec: string },
): Promise<void> {
  const { sinks = [] } = JSON.parse(spec) as { sinks?: readonly unknown[] };
  for (const sink of sinks.keys()) {
    await query(
      `INSERT INTO queue_deliveries (run_id, sink, state, tries, due_ms) VALUES ($1, $2, 'pending', 0, ${now})
       ON CONFLICT (run_id, sink) DO NOTHING`,
      [run_id, sink],
    );
  }
}

/** Counts the try, and keeps others from the delivery for a time: a process that dies meanwhile leaves it to them. */
export async function takeDelivery(
  { now, skipLocked, labelsWithin, query }: QueueSql,
  labels: readonly string[],
  forMs: number,
): Promise<Delivery | undefined> {
  const [taken] = await query<{ run_id: string; sink: number; tries: number }>(
    `UPDATE queue_deliveries SET tries = tries + 1, due_ms = ${now} + $1
     WHERE (run_id, sink) = (
       SELECT waiting.run_id, waiting.sink FROM queue_deliveries waiting JOIN queue ON queue.run_id = waiting.run_id
       WHERE waiting.state = 'pending' AND waiting.due_ms <= ${now} AND ${labelsWithin("$2")}
       ORDER BY waiting.due_ms LIMIT 1 ${skipLocked("waiting")})
     RETURNING run_id, sink, tries`,
    [forMs, JSON.stringify(labels)],
  );
  return taken && { runId: taken.run_id, sink: taken.sink, tries: taken.tries };
}

/** Only the last try may. */
export async function endDelivery(
  { now, query }: QueueSql,
  { runId, sink, tries }: Delivery,
  ending: { is: "delivered" } | { is: "failed"; problem: string } | { is: "again"; problem: string; afterMs: number },
): Promise<boolean> {
  const ended = await query(
    `UPDATE queue_deliveries SET state = $4, problem = $5, due_ms = ${now} + $6
     WHERE run_id = $1 AND sink = $2 AND tries = $3 AND state = 'pending' RETURNING sink`,
    [
      runId,
      sink,
      tries,
      ending.is === "again" ? "pending" : ending.is,
      ending.is === "delivered" ? null : ending.problem,
      ending.is === "again" ? ending.afterMs : 0,
    ],
  );
  return ended.length > 0;
}

export async function deliveriesOf({ query }: QueueSql, runId: string): Promise<StoredDelivery[]> {
  const rows = await query<{ sink: number; state: StoredDelivery["state"]; tries: number; problem: string | null }>(
    "SELECT sink, state, tries, problem FROM queue_deliveries WHERE run_id = $1 ORDER BY sink",
    [runId],
  );
  return rows.map((row) => ({ runId, ...row }));
}
