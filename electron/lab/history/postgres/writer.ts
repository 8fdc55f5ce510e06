import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import type { Pool, PoolClient } from "pg";
import type { AnnotationChange, RunAnnotations } from "../../../model/annotations.ts";
import { LabError } from "../../lab-error.ts";
import type { ProcessIdentity } from "../../process-identity.ts";
import type { EventColumns } from "../event-columns.ts";
import { interruption, LAB_DIED } from "../event-row.ts";
import type { HistoryWriter, Opened, RunBatch } from "../history-threads.ts";
import type { ArrivingRun, NewRun } from "../run-store.ts";
import { changedAnnotations } from "../stored-annotations.ts";
import { inTransaction, openPool, type PostgresLocation } from "./connections.ts";
import { addEvents, EVENT_TABLE, noEvents, storable, unnested, valuesOf } from "./event-rows.ts";
import { insertRun } from "./insert-run.ts";
import { migrate } from "./migrate.ts";
import { isOwnerAlive, RUN_COLUMNS, RUNS_WITH_LABS, type RunRow } from "./run-row.ts";
import { StagedRuns } from "./staged-runs.ts";

const SEEN_EVERY_MS = 5_000;
/** For batches, for other writes, and for imports. */
const CONNECTIONS = 6;

/**
 * Events of a batch, for the runs that this lab may still write. The shared lock keeps another lab from ending a run between
 * the check and the commit. Rows that are there already are those of a batch whose answer was lost.
 */
const WRITE = `
  WITH mine AS MATERIALIZED (SELECT key FROM runs WHERE key = ANY ($1::bigint[]) AND lab = $2 FOR SHARE),
    added AS (
      INSERT INTO events ${EVENT_TABLE} SELECT given.* FROM ${unnested(3)} WHERE given.run_key IN (SELECT key FROM mine)
      ON CONFLICT (run_key, seq) DO NOTHING)
  SELECT key FROM mine`;
const END = "UPDATE runs SET status = 'ended', outcome = $2, reason = $3, duration_ms = $4 WHERE key = $1";

/** All writes to the history. Writes of other labs, and readers, wait for none of them. */
export class PostgresWriter implements HistoryWriter {
  readonly #pool: Pool;
  readonly #location: PostgresLocation;
  readonly #owner: ProcessIdentity;
  /** Of this opening: what it wrote is not taken for that of a later one of the same process. */
  readonly #lab = randomUUID();
  /** Keys of the runs in progress in this lab. */
  readonly #keys = new Map<string, number>();
  readonly #staged = new Map<number, Promise<StagedRuns>>();
  #readOnlyBecause: string | undefined;
  #opening: Promise<Opened> | undefined;
  #seen: NodeJS.Timeout | undefined;
  /** Batches are written one after another, in their order. */
  #writing: Promise<unknown> = Promise.resolve();
  /** The attempt in which a batch failed: later batches of the same attempt are refused. */
  #failedAttempt: number | undefined;

  constructor(location: PostgresLocation, owner: ProcessIdentity) {
    this.#location = location;
    this.#owner = owner;
    this.#pool = openPool(location, CONNECTIONS);
  }

  opened(): Promise<Opened> {
    this.#opening ??= this.#open();
    return this.#opening;
  }

  async #open(): Promise<Opened> {
    this.#readOnlyBecause = await migrate(this.#pool, this.#location);
    if (this.#readOnlyBecause === undefined) {
      await this.#report();
      // One that fails is made up for by the next: the limit is several times the interval.
      this.#seen = setInterval(() => void this.#report().catch(() => {}), SEEN_EVERY_MS).unref();
    }
    return { readOnlyBecause: this.#readOnlyBecause, damagedMovedTo: undefined };
  }

  async #report(): Promise<void> {
    await this.#pool.query(
      `INSERT INTO labs (id, host, pid, started) VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO UPDATE SET seen_at = now()`,
      [this.#lab, hostname(), this.#owner.pid, this.#owner.startedAt],
    );
  }

  async begin(run: NewRun): Promise<void> {
    const key = await insertRun(this.#pool, run, { status: "running", raw: run.isRaw ?? false, lab: this.#lab });
    if (key === undefined) throw new LabError("internal", `run ${run.id} is in the history already`);
    this.#keys.set(run.id, key);
  }

  write(runs: readonly RunBatch[], attempt: number): Promise<string[]> {
    const written = this.#writing.then(() => this.#write(runs, attempt));
    this.#writing = written.catch(() => {});
    return written;
  }

  async #write(runs: readonly RunBatch[], attempt: number): Promise<string[]> {
    if (attempt === this.#failedAttempt) throw new LabError("busy", "an earlier batch could not be written");
    const keyed = runs.map((run) => ({ ...run, key: this.#keys.get(run.runId) ?? -1 }));
    const arrays = noEvents();
    for (const { key, rows } of keyed) addEvents(arrays, key, rows);
    const values = [keyed.map(({ key }) => key), this.#lab, ...valuesOf(arrays)];
    const ending = keyed.filter((run) => run.ending !== undefined);
    try {
      const mine =
        ending.length === 0 ? await this.#insert(this.#pool, values) : await this.#insertAndEnd(values, ending);
      for (const { runId } of ending) this.#keys.delete(runId);
      return keyed.filter(({ key }) => !mine.has(key)).map(({ runId }) => runId);
    } catch (error) {
      this.#failedAttempt = attempt;
      throw error;
    }
  }

  async #insert(database: Pool | PoolClient, values: unknown[]): Promise<Set<number>> {
    const { rows } = await database.query<{ key: number }>({ name: "write", text: WRITE, values });
    return new Set(rows.map(({ key }) => key));
  }

  #insertAndEnd(values: unknown[], ending: readonly (RunBatch & { key: number })[]): Promise<Set<number>> {
    return inTransaction(this.#pool, async (client) => {
      const mine = await this.#insert(client, values);
      for (const { key, ending: end } of ending) {
        if (end === undefined || !mine.has(key)) continue;
        await client.query(END, [key, end.outcome, storable(end.reason), end.durationMs]);
      }
      return mine;
    });
  }

  /** The locked row keeps the run from being deleted meanwhile. */
  async addTelemetry(runId: string, bodies: readonly string[]): Promise<boolean> {
    return inTransaction(this.#pool, async (client) => {
      const { rows } = await client.query<{ key: number; last: number }>(
        `SELECT key, (SELECT coalesce(max(n), 0) FROM telemetry WHERE run_key = key) AS last FROM runs
         WHERE id = $1 FOR UPDATE`,
        [runId],
      );
      const [run] = rows;
      if (run === undefined) return false;
      await client.query(
        `INSERT INTO telemetry (run_key, n, body)
         SELECT $1, $2 + number, body FROM unnest($3::text[]) WITH ORDINALITY AS given (body, number)`,
        [run.key, run.last, bodies],
      );
      return true;
    });
  }

  async interrupt(runId: string, reason: string): Promise<boolean> {
    return inTransaction(this.#pool, async (client) => {
      const { rows } = await client.query<{ key: number }>(
        "SELECT key FROM runs WHERE id = $1 AND status = 'running' FOR UPDATE",
        [runId],
      );
      for (const { key } of rows) await interruptRun(client, key, reason);
      return rows.length > 0;
    });
  }

  async endOrphans(): Promise<number> {
    if (this.#readOnlyBecause !== undefined) return 0;
    return inTransaction(this.#pool, async (client) => {
      // One that another lab is ending, or whose events are being written, is left to it.
      const { rows } = await client.query<RunRow>(
        `SELECT ${RUN_COLUMNS} FROM ${RUNS_WITH_LABS} WHERE status = 'running' FOR UPDATE OF runs SKIP LOCKED`,
      );
      const orphans = rows.filter((row) => !isOwnerAlive(row));
      for (const { key } of orphans) await interruptRun(client, key, LAB_DIED);
      await client.query("DELETE FROM labs WHERE seen_at < now() - interval '1 day'");
      return orphans.length;
    });
  }

  async pin(runId: string, pinned: boolean): Promise<boolean> {
    const { rowCount } = await this.#pool.query("UPDATE runs SET pinned = $2 WHERE id = $1", [runId, pinned]);
    return rowCount === 1;
  }

  annotate(runId: string, change: AnnotationChange): Promise<RunAnnotations | undefined> {
    return inTransaction(this.#pool, async (client) => {
      const { rows } = await client.query<{ annotations: string | null }>(
        "SELECT annotations FROM runs WHERE id = $1 FOR UPDATE",
        [runId],
      );
      if (rows[0] === undefined) return;
      const annotations = changedAnnotations(rows[0].annotations, change);
      await client.query("UPDATE runs SET annotations = $2 WHERE id = $1", [runId, JSON.stringify(annotations)]);
      return annotations;
    });
  }

  async remove(runIds: readonly string[]): Promise<{ deleted: string[]; pinned: string[] }> {
    const { rows } = await this.#pool.query<{ id: string }>("SELECT id FROM runs WHERE pinned AND id = ANY ($1)", [
      runIds,
    ]);
    return { deleted: await this.#remove("id = ANY ($1) AND NOT pinned", runIds), pinned: rows.map(({ id }) => id) };
  }

  async trim(limit: number): Promise<number> {
    if (this.#readOnlyBecause !== undefined) return 0;
    const surplus = `status = 'ended' AND NOT pinned AND key NOT IN
      (SELECT key FROM runs ORDER BY coalesce(imported_wall_ms, started_wall_ms) DESC, key DESC LIMIT $1)`;
    return (await this.#remove(surplus, limit)).length;
  }

  /** In one statement: a process that dies leaves no events behind. */
  async #remove(condition: string, value: unknown): Promise<string[]> {
    const { rows } = await this.#pool.query<{ id: string }>(
      `WITH gone AS (DELETE FROM runs WHERE ${condition} RETURNING key, id),
         events_gone AS (DELETE FROM events USING gone WHERE run_key = gone.key),
         telemetry_gone AS (DELETE FROM telemetry USING gone WHERE run_key = gone.key)
       SELECT id FROM gone`,
      [value],
    );
    return rows.map(({ id }) => id);
  }

  async stage(
    arrival: number,
    run: ArrivingRun | undefined,
    rows: EventColumns,
    telemetry: readonly string[],
  ): Promise<void> {
    const staged = this.#staged.get(arrival) ?? StagedRuns.open(this.#pool);
    this.#staged.set(arrival, staged);
    await (await staged).add(run, rows, telemetry);
  }

  async commit(
    arrival: number,
    from: { importedFrom: string; importedWallMs: number },
    signal: AbortSignal,
  ): Promise<void> {
    await (await this.#staged.get(arrival))?.commit(from, signal);
  }

  async forget(arrival: number): Promise<void> {
    const staged = this.#staged.get(arrival);
    this.#staged.delete(arrival);
    (await staged?.catch(() => undefined))?.close();
  }

  async close(): Promise<void> {
    clearInterval(this.#seen);
    for (const arrival of [...this.#staged.keys()]) await this.forget(arrival);
    await this.#pool.query("DELETE FROM labs WHERE id = $1", [this.#lab]).catch(() => {});
    await this.#pool.end();
  }
}

/** Ends a run of a lab that may still write: first it may no more, then its last event is read. The caller has locked the row. */
export async function interruptRun(client: PoolClient, key: number, reason: string): Promise<void> {
  await client.query("UPDATE runs SET lab = NULL WHERE key = $1", [key]);
  const { type, body } = interruption(reason);
  const { rows } = await client.query<{ at_us: number }>(
    `INSERT INTO events (run_key, seq, at_us, wall_ms, type, body)
     SELECT key, coalesce(seq, 0) + 1, coalesce(at_us, 0), coalesce(wall_ms, started_wall_ms), $2, $3 FROM runs
       LEFT JOIN LATERAL (SELECT seq, at_us, wall_ms FROM events WHERE run_key = key ORDER BY seq DESC LIMIT 1) last ON true
     WHERE key = $1 RETURNING at_us`,
    [key, type, body],
  );
  await client.query(END, [key, "interrupted", storable(reason), (rows[0]?.at_us ?? 0) / 1000]);
}
