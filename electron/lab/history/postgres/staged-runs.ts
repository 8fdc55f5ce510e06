import type { Pool, PoolClient } from "pg";
import { LabError } from "../../lab-error.ts";
import type { EventColumns } from "../event-columns.ts";
import type { ArrivingRun } from "../run-store.ts";
import { addEvents, EVENT_TABLE, noEvents, unnested, valuesOf } from "./event-rows.ts";
import { insertRun } from "./insert-run.ts";

const MOVED_AT_ONCE = 5_000;

/**
 * Runs that are being imported: in a temporary table of a connection of their own, until one transaction adds all of them.
 * The table ends with the connection, and so with this process.
 */
export class StagedRuns {
  readonly #client: PoolClient;
  readonly #runs: ArrivingRun[] = [];

  static async open(pool: Pool): Promise<StagedRuns> {
    const client = await pool.connect();
    await client.query(
      `CREATE TEMP TABLE staged (run_key bigint, seq integer, at_us bigint, wall_ms bigint, type smallint, body text,
       service text, decision text, number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY)`,
    );
    await client.query(
      "CREATE TEMP TABLE staged_telemetry (run_key bigint, body text, n bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY)",
    );
    return new StagedRuns(client);
  }

  private constructor(client: PoolClient) {
    this.#client = client;
    client.on("error", () => {});
  }

  /** Stages events and telemetry of the given run, or of the last given one. */
  async add(run: ArrivingRun | undefined, rows: EventColumns, telemetry: readonly string[]): Promise<void> {
    if (run !== undefined) this.#runs.push(run);
    // The next run may be added while this one's rows are written.
    const index = this.#runs.length - 1;
    const arrays = noEvents();
    addEvents(arrays, index, rows);
    await this.#client.query(`INSERT INTO staged ${EVENT_TABLE} SELECT * FROM ${unnested(1)}`, valuesOf(arrays));
    await this.#client.query("INSERT INTO staged_telemetry (run_key, body) SELECT $1, unnest($2::text[])", [
      index,
      telemetry,
    ]);
  }

  /** Adds all runs, or none. @throws LabError when a run has been added meanwhile; the signal's reason when cancelled before */
  async commit(from: { importedFrom: string; importedWallMs: number }, signal: AbortSignal): Promise<void> {
    const client = this.#client;
    await client.query("BEGIN");
    try {
      const keys = await this.#moveEvents(signal);
      for (const [index, run] of this.#runs.entries()) {
        const importedFrom = run.moved === undefined ? from.importedFrom : run.moved.importedFrom;
        const key = await insertRun(client, run, {
          key: keys[index],
          status: "ended",
          outcome: run.outcome,
          reason: run.reason,
          duration_ms: run.durationMs,
          imported_from: importedFrom,
          imported_wall_ms: importedFrom === null ? null : Math.round(from.importedWallMs),
          raw: run.isRaw ?? false,
          pinned: run.moved?.pinned ?? false,
          annotations: run.annotations === undefined ? null : JSON.stringify(run.annotations),
        });
        if (key !== undefined) continue;
        throw new LabError("busy", `run ${run.id} has been added to the history meanwhile`, { hint: "try again" });
      }
      signal.throwIfAborted();
      await client.query("COMMIT");
    } catch (error) {
      await client.query("ROLLBACK").catch(() => {});
      throw error;
    }
  }

  /** In parts, so that it can be cancelled between them. */
  async #moveEvents(signal: AbortSignal): Promise<number[]> {
    const { rows } = await this.#client.query<{ key: number }>(
      "SELECT nextval(pg_get_serial_sequence('runs', 'key')) AS key FROM generate_series(1, $1)",
      [this.#runs.length],
    );
    const keys = rows.map(({ key }) => key);
    for (let from = 0, moved: number | null = 1; (moved ?? 0) > 0; from += MOVED_AT_ONCE) {
      signal.throwIfAborted();
      ({ rowCount: moved } = await this.#client.query(
        `INSERT INTO events ${EVENT_TABLE}
         SELECT ($1::bigint[])[run_key + 1], seq, at_us, wall_ms, type, body, service, decision FROM staged
         WHERE number > $2 AND number <= $3`,
        [keys, from, from + MOVED_AT_ONCE],
      ));
    }
    signal.throwIfAborted();
    await this.#client.query(
      `INSERT INTO telemetry (run_key, n, body)
       SELECT ($1::bigint[])[run_key + 1], n, body FROM staged_telemetry`,
      [keys],
    );
    return keys;
  }

  close(): void {
    this.#client.release(true);
  }
}
