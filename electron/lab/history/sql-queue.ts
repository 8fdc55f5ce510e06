import type { Outcome } from "../../model/outcomes.ts";
import type { QueueSql, SqlQuery } from "./queue-database.ts";
import { type QueueRow, toBriefRun, toRun } from "./queue-row.ts";
import type {
  Delivery,
  EndedRun,
  Lease,
  NewQueuedRun,
  QueueAttempt,
  QueueClaim,
  QueuedRun,
  QueueFilter,
  QueueResult,
  QueueState,
  QueueStore,
  ReportedWorker,
  StoredQueueResult,
} from "./queue-store.ts";
import { addResults, attemptsOf, attemptWith, endAttempt, resultsOf } from "./sql-attempts.ts";
import { addDeliveries, deliveriesOf, endDelivery, takeDelivery } from "./sql-deliveries.ts";
import { addEndedRun, endedRun, endedRuns } from "./sql-ended-runs.ts";
import { reportWorker, workersSeen } from "./sql-workers.ts";

/** A worker that hangs, and still reports, is overruled after this. */
const DEADLINE_GRACE_MS = 60_000;
/** Only the attempt that has the lease may write. */
const FENCE = "run_id = $1 AND attempt = $2 AND worker = $3 AND state = 'running'";

/** The queue in a database of either kind: the same statements. */
export class SqlQueue implements QueueStore {
  readonly #sql: QueueSql;
  readonly #columns: string;

  constructor(sql: QueueSql) {
    this.#sql = sql;
    this.#columns = `*, CASE WHEN state = 'running' THEN lease_until_ms - ${sql.now} END AS lease_left_ms`;
  }

  async submit({ runId, spec, labels, maxAttempts, deadlineMs }: NewQueuedRun, mostQueued: number) {
    const added = await this.#sql.transaction(async (query) => {
      const [row] = await query<QueueRow>(
        `INSERT INTO queue (run_id, spec, labels, max_attempts, deadline_ms, state, submitted_ms)
         SELECT $1, $2, $3, CAST($4 AS integer), CAST($5 AS bigint), 'queued', ${this.#sql.now}
         WHERE (SELECT count(*) FROM (SELECT 1 FROM queue WHERE state = 'queued' LIMIT $6) AS waiting) < $6
         ON CONFLICT (run_id) DO NOTHING RETURNING ${this.#columns}`,
        [runId, JSON.stringify(spec), JSON.stringify(labels), maxAttempts, deadlineMs, mostQueued],
      );
      if (row !== undefined) await this.#sql.wakeUps?.send(query, runId, labels);
      return row;
    });
    if (added !== undefined) return { run: toRun(added), isNew: true };
    const run = await this.get(runId);
    return run && { run, isNew: false };
  }

  record(
    { runId, spec, labels, maxAttempts, deadlineMs }: NewQueuedRun,
    { outcome, reason, summary }: { outcome: Outcome; reason: string; summary: unknown },
    results: readonly QueueResult[],
  ): Promise<boolean> {
    const { now } = this.#sql;
    return this.#sql.transaction(async (query) => {
      const added = await query(
        `INSERT INTO queue (run_id, spec, labels, max_attempts, deadline_ms, state, outcome, reason, summary,
           submitted_ms, started_ms, finished_ms)
         VALUES ($1, $2, $3, $4, $5, 'ended', $6, $7, $8, ${now}, ${now}, ${now})
         ON CONFLICT (run_id) DO NOTHING RETURNING run_id`,
        [
          runId,
          JSON.stringify(spec),
          JSON.stringify(labels),
          maxAttempts,
          deadlineMs,
          outcome,
          reason,
          JSON.stringify(summary ?? null),
        ],
      );
      if (added.length > 0) await addResults(query, this.#sql, { runId, attempt: 0 }, results);
      return added.length > 0;
    });
  }

  claim({ worker, labels, only }: QueueClaim, leaseMs: number): Promise<QueuedRun | undefined> {
    const { now, skipLocked } = this.#sql;
    return this.#sql.transaction(async (query) => {
      const [row] = await query<QueueRow>(
        `UPDATE queue SET state = 'running', worker = $1, attempt = attempt + 1, claimed_ms = ${now},
           lease_until_ms = ${now} + $2, started_ms = coalesce(started_ms, ${now})
         WHERE number = (
           SELECT number FROM queue
           WHERE state <> 'ended' AND (state = 'queued' OR lease_until_ms < ${now}) AND attempt < max_attempts
             AND cancel_requested = 0 AND ${this.#sql.labelsWithin("$3")} AND labels LIKE $4
           ORDER BY number LIMIT 1 ${skipLocked("queue")})
         RETURNING ${this.#columns}`,
        [worker, leaseMs, JSON.stringify(labels), only === undefined ? "%" : `%${JSON.stringify(only)}%`],
      );
      if (row === undefined) return undefined;
      const { run_id, attempt } = row;
      await endAttempt(query, this.#sql, run_id, "lost", "its worker no longer renewed the lease");
      await query(`INSERT INTO queue_attempts (run_id, attempt, worker, claimed_ms) VALUES ($1, $2, $3, ${now})`, [
        run_id,
        attempt,
        worker,
      ]);
      const run = toRun(row);
      await this.#sql.wakeUps?.withdraw(query, run_id, run.labels);
      return run;
    });
  }

  async heartbeat(lease: Lease, leaseMs: number): Promise<"held" | "cancel" | "lost"> {
    const [row] = await this.#sql.query<{ cancel_requested: number }>(
      `UPDATE queue SET lease_until_ms = ${this.#sql.now} + $4 WHERE ${FENCE} RETURNING cancel_requested`,
      [...fenced(lease), leaseMs],
    );
    if (row === undefined) return "lost";
    return row.cancel_requested === 1 ? "cancel" : "held";
  }

  addHistoryRun(lease: Lease, historyRun: string): Promise<boolean> {
    return this.#whileHeld(lease, async (query) => {
      const [row] = await query<{ history_runs: string }>(
        "SELECT history_runs FROM queue_attempts WHERE run_id = $1 AND attempt = $2",
        [lease.runId, lease.attempt],
      );
      const runs = [...(JSON.parse(row?.history_runs ?? "[]") as string[]), historyRun];
      await query("UPDATE queue_attempts SET history_runs = $3 WHERE run_id = $1 AND attempt = $2", [
        lease.runId,
        lease.attempt,
        JSON.stringify(runs),
      ]);
    });
  }

  putResults(lease: Lease, results: readonly QueueResult[]): Promise<boolean> {
    return this.#whileHeld(lease, (query) => addResults(query, this.#sql, lease, results));
  }

  finish(lease: Lease, ending: { outcome: Outcome; reason: string; summary: unknown }): Promise<boolean> {
    const { outcome, reason, summary } = ending;
    return this.#whileHeld(lease, async (query) => {
      const [row] = await query<QueueRow>(
        `UPDATE queue SET state = 'ended', outcome = $2, reason = $3, summary = $4, finished_ms = ${this.#sql.now}
         WHERE run_id = $1 RETURNING *`,
        [lease.runId, outcome, reason, JSON.stringify(summary ?? null)],
      );
      await endAttempt(query, this.#sql, lease.runId, outcome, reason);
      if (row !== undefined) await addDeliveries(query, this.#sql, row);
    });
  }

  release(lease: Lease, reason: string): Promise<boolean> {
    return this.#whileHeld(lease, async (query) => {
      const [row] = await query<QueueRow>(
        `UPDATE queue SET worker = NULL, lease_until_ms = NULL,
           state = CASE WHEN cancel_requested = 1 OR attempt >= max_attempts THEN 'ended' ELSE 'queued' END,
           outcome = CASE WHEN cancel_requested = 1 THEN 'cancelled' WHEN attempt >= max_attempts THEN 'interrupted' END,
           reason = CASE WHEN cancel_requested = 1 THEN 'cancelled by request' WHEN attempt >= max_attempts THEN $2 END,
           finished_ms = CASE WHEN cancel_requested = 1 OR attempt >= max_attempts THEN ${this.#sql.now} END
         WHERE run_id = $1 RETURNING *`,
        [lease.runId, reason],
      );
      await endAttempt(query, this.#sql, lease.runId, "released", reason);
      if (row?.state === "queued") {
        await this.#sql.wakeUps?.send(query, lease.runId, JSON.parse(row.labels) as string[]);
      } else if (row !== undefined) await addDeliveries(query, this.#sql, row);
    });
  }

  async relabel(runId: string, labels: readonly string[]): Promise<boolean> {
    const changed = await this.#sql.query(
      "UPDATE queue SET labels = $2 WHERE run_id = $1 AND state <> 'ended' RETURNING run_id",
      [runId, JSON.stringify(labels)],
    );
    return changed.length > 0;
  }

  async cancel(runId: string): Promise<QueuedRun | undefined> {
    await this.#sql.transaction(async (query) => {
      const [row] = await query<QueueRow>(
        `UPDATE queue SET cancel_requested = 1,
           outcome = CASE WHEN state = 'queued' THEN 'cancelled' END,
           reason = CASE WHEN state = 'queued' THEN 'cancelled before it started' END,
           finished_ms = CASE WHEN state = 'queued' THEN ${this.#sql.now} END,
           state = CASE WHEN state = 'queued' THEN 'ended' ELSE state END
         WHERE run_id = $1 AND state <> 'ended' RETURNING *`,
        [runId],
      );
      if (row?.state === "ended") await addDeliveries(query, this.#sql, row);
    });
    return this.get(runId);
  }

  reap(): Promise<QueuedRun[]> {
    const { now, skipLocked } = this.#sql;
    return this.#sql.transaction(async (query) => {
      const rows = await query<QueueRow>(
        `UPDATE queue SET state = 'ended', finished_ms = ${now},
           outcome = CASE WHEN cancel_requested = 1 THEN 'cancelled' WHEN lease_until_ms < ${now} THEN 'interrupted'
                          ELSE 'error' END,
           reason = CASE WHEN cancel_requested = 1 THEN 'cancelled by request; its worker had lost the lease'
             WHEN lease_until_ms < ${now} THEN 'lease lost in attempt ' || attempt || ' of ' || max_attempts
             ELSE 'deadline_exceeded: its worker did not end it' END
         WHERE number IN (
           SELECT number FROM queue WHERE state = 'running'
             AND ((lease_until_ms < ${now} AND (attempt >= max_attempts OR cancel_requested = 1))
               OR claimed_ms + deadline_ms + ${DEADLINE_GRACE_MS} < ${now})
           ${skipLocked("queue")})
         RETURNING ${this.#columns}`,
        [],
      );
      for (const row of rows) {
        const { run_id, outcome, reason } = row;
        await endAttempt(query, this.#sql, run_id, outcome === "error" ? outcome : "lost", reason ?? "");
        await addDeliveries(query, this.#sql, row);
      }
      return rows.map(toRun);
    });
  }

  async get(runId: string): Promise<QueuedRun | undefined> {
    const [row] = await this.#sql.query<QueueRow>(`SELECT ${this.#columns} FROM queue WHERE run_id = $1`, [runId]);
    return row && toRun(row);
  }

  async list(filter: QueueFilter): Promise<QueuedRun[]> {
    const { states, outcomes, labelled, notLabelled, limit, beforeWallMs, isBrief } = filter;
    const values: unknown[] = [limit];
    const value = (given: unknown) => `$${values.push(given)}`;
    const where: string[] = [];
    if (states !== undefined) where.push(`state IN (${states.map(value).join(", ") || "NULL"})`);
    if (outcomes !== undefined) {
      where.push(`(outcome IS NULL OR outcome IN (${outcomes.map(value).join(", ") || "NULL"}))`);
    }
    const beginning = (label: string) => value(`%${JSON.stringify(label).slice(0, -1)}%`);
    if (labelled !== undefined) where.push(`labels LIKE ${beginning(labelled)}`);
    if (notLabelled !== undefined) where.push(`labels NOT LIKE ${beginning(notLabelled)}`);
    if (beforeWallMs !== undefined) where.push(`submitted_ms < ${value(Math.ceil(beforeWallMs))}`);
    const conditions = where.length === 0 ? "" : `WHERE ${where.join(" AND ")}`;
    const rows = await this.#sql.query<QueueRow>(
      `SELECT ${this.#columns} FROM queue ${conditions} ORDER BY number DESC LIMIT $1`,
      values,
    );
    return rows.map(isBrief === true ? toBriefRun : toRun);
  }

  async counts(): Promise<Record<QueueState, number>> {
    const rows = await this.#sql.query<{ state: QueueState; runs: number }>(
      "SELECT state, count(*) AS runs FROM queue GROUP BY state",
      [],
    );
    return { queued: 0, running: 0, ended: 0, ...Object.fromEntries(rows.map(({ state, runs }) => [state, runs])) };
  }

  attempts(runId: string): Promise<QueueAttempt[]> {
    return attemptsOf(this.#sql, runId);
  }

  attemptOf(historyRun: string): Promise<Pick<Lease, "runId" | "attempt"> | undefined> {
    return attemptWith(this.#sql, historyRun);
  }

  results(runId: string): Promise<StoredQueueResult[]> {
    return resultsOf(this.#sql, runId);
  }

  takeDelivery(labels: readonly string[], forMs: number): Promise<Delivery | undefined> {
    return takeDelivery(this.#sql, labels, forMs);
  }

  endDelivery(delivery: Delivery, ending: Parameters<QueueStore["endDelivery"]>[1]): Promise<boolean> {
    return endDelivery(this.#sql, delivery, ending);
  }

  deliveries(runId: string): ReturnType<QueueStore["deliveries"]> {
    return deliveriesOf(this.#sql, runId);
  }

  endedRuns(after: number, limit: number): Promise<EndedRun[]> {
    return endedRuns(this.#sql, after, limit);
  }

  endedRun(runId: string): Promise<EndedRun | undefined> {
    return endedRun(this.#sql, runId);
  }

  addEndedRun(run: EndedRun): Promise<boolean> {
    return addEndedRun(this.#sql, run);
  }

  reportWorker(worker: ReportedWorker): Promise<void> {
    return reportWorker(this.#sql, worker);
  }

  async forgetWorker(worker: string): Promise<void> {
    await this.#sql.query("DELETE FROM queue_workers WHERE worker = $1", [worker]);
  }

  async trim(limit: number): Promise<number> {
    const removed = await this.#sql.query(
      `DELETE FROM queue WHERE state = 'ended'
         AND number <= (SELECT number FROM queue WHERE state = 'ended' ORDER BY number DESC LIMIT 1 OFFSET $1)
         AND run_id NOT IN (SELECT run_id FROM queue_deliveries WHERE state = 'pending')
       RETURNING number`,
      [limit],
    );
    await this.#sql.query(`DELETE FROM queue_workers WHERE seen_ms < ${this.#sql.now} - 86400000`, []);
    return removed.length;
  }

  workers(withinMs: number): Promise<ReportedWorker[]> {
    return workersSeen(this.#sql, withinMs);
  }

  close(): Promise<void> {
    return this.#sql.close();
  }

  /** Carries out writes of an attempt that nobody can take over meanwhile. False when its lease is lost. */
  #whileHeld(lease: Lease, write: (query: SqlQuery) => Promise<unknown>): Promise<boolean> {
    return this.#sql.transaction(async (query) => {
      const held = await query(`SELECT 1 AS held FROM queue WHERE ${FENCE} ${this.#sql.forUpdate}`, fenced(lease));
      if (held.length === 0) return false;
      await write(query);
      return true;
    });
  }
}

function fenced({ runId, attempt, worker }: Lease): unknown[] {
  return [runId, attempt, worker];
}
