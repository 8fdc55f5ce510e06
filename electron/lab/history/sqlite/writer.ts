import type Database from "better-sqlite3";
import type { AnnotationChange, RunAnnotations } from "../../../model/annotations.ts";
import { LabError } from "../../lab-error.ts";
import type { ProcessIdentity } from "../../process-identity.ts";
import { type EventColumns, rowAt } from "../event-columns.ts";
import { interruption, LAB_DIED } from "../event-row.ts";
import type { HistoryWriter, Opened, RunBatch } from "../history-threads.ts";
import type { ArrivingRun, NewRun } from "../run-store.ts";
import { changedAnnotations } from "../stored-annotations.ts";
import { StagedRuns } from "./arrivals.ts";
import { openDatabase, STORE_BUSY_LIMIT_MS } from "./database.ts";
import { insertRun } from "./insert-run.ts";
import { HISTORY_MIGRATIONS, HISTORY_NAME } from "./migrations.ts";
import { removeEvents, removeRuns } from "./removal.ts";
import { isOwnerAlive, type RunRow } from "./run-row.ts";
import { addTelemetry } from "./telemetry.ts";

/** Keys below 0 belong to imported runs; without this SQLite would continue from the highest key, even if negative. */
const NEXT_KEY = `1 + max(0, coalesce((SELECT max(key) FROM runs), 0), coalesce((SELECT max(run_key) FROM removals), 0))`;

/** All writes to the history. What grows with the number of events is done in slices, between which other requests are served. */
export class SqliteWriter implements HistoryWriter {
  readonly #database: Database.Database;
  readonly #opened: Opened;
  readonly #file: string;
  readonly #owner: ProcessIdentity;
  /** Keys of the runs in progress in this lab. */
  readonly #keys = new Map<string, number>();
  readonly #staged = new Map<number, StagedRuns>();
  readonly #insertEvent: Database.Statement | undefined;
  readonly #isRunning: Database.Statement | undefined;
  /** The attempt in which a batch failed: later batches of the same attempt are refused. */
  #failedAttempt: number | undefined;

  constructor(file: string, owner: ProcessIdentity) {
    const { database, readOnlyBecause, damagedMovedTo } = openDatabase({
      file,
      name: HISTORY_NAME,
      migrations: HISTORY_MIGRATIONS,
      synchronous: "NORMAL",
      busyLimitMs: STORE_BUSY_LIMIT_MS,
    });
    this.#database = database;
    this.#opened = { readOnlyBecause, damagedMovedTo };
    this.#file = file;
    this.#owner = owner;
    if (readOnlyBecause !== undefined) return;
    // Events of a removed run are deleted in slices, not by a cascade.
    database.pragma("foreign_keys = OFF");
    this.#insertEvent = database.prepare(
      "INSERT INTO events (run_key, seq, at_us, wall_ms, type, body) VALUES (?, ?, ?, ?, ?, ?)",
    );
    this.#isRunning = database.prepare("SELECT 1 FROM runs WHERE key = ? AND status = 'running'");
  }

  opened(): Opened {
    return this.#opened;
  }

  begin(run: NewRun): void {
    const { lastInsertRowid, changes } = insertRun(this.#database, NEXT_KEY, run, this.#owner, {
      status: "running",
      raw: run.isRaw ? 1 : 0,
    });
    if (changes === 0) throw new LabError("internal", `run ${run.id} is in the history already`);
    this.#keys.set(run.id, Number(lastInsertRowid));
  }

  /** Writes a batch in one transaction. */
  write(runs: readonly RunBatch[], attempt: number): string[] {
    if (attempt === this.#failedAttempt) throw new LabError("busy", "an earlier batch could not be written");
    const ended: string[] = [];
    try {
      this.#database
        .transaction(() => {
          for (const run of runs) if (!this.#writeRun(run)) ended.push(run.runId);
        })
        .immediate();
    } catch (error) {
      this.#failedAttempt = attempt;
      throw error;
    }
    for (const { runId, ending } of runs) if (ending !== undefined) this.#keys.delete(runId);
    return ended;
  }

  /** False when another process has ended the run. */
  #writeRun({ runId, rows: { numbers, bodies }, ending }: RunBatch): boolean {
    const key = this.#keys.get(runId);
    if (this.#isRunning?.get(key) === undefined) return false;
    for (const [index, each] of bodies.entries()) {
      const { seq, atUs, wallMs, type, body } = rowAt(numbers, index, each);
      this.#insertEvent?.run(key, seq, atUs, wallMs, type, body);
    }
    if (ending !== undefined) this.#end(key ?? 0, ending);
    return true;
  }

  #end(key: number, { outcome, reason, durationMs }: NonNullable<RunBatch["ending"]>): void {
    this.#database
      .prepare("UPDATE runs SET status = 'ended', outcome = ?, reason = ?, duration_ms = ? WHERE key = ?")
      .run(outcome, reason, durationMs, key);
  }

  /** {@link addTelemetry} */
  addTelemetry(runId: string, bodies: readonly string[]): boolean {
    return addTelemetry(this.#database, runId, bodies);
  }

  async endOrphans(signal: AbortSignal): Promise<number> {
    if (this.#opened.readOnlyBecause !== undefined) return 0;
    const running = this.#database.prepare("SELECT * FROM runs WHERE status = 'running'").all() as RunRow[];
    const orphans = running.filter((row) => !isOwnerAlive(row));
    this.#database
      .transaction(() => {
        for (const row of orphans) this.#interrupt(row);
        this.#giveUpArrivals();
      })
      .immediate();
    await removeEvents(this.#database, signal);
    return orphans.length;
  }

  interrupt(runId: string, reason: string): boolean {
    const find = this.#database.prepare("SELECT * FROM runs WHERE id = ? AND status = 'running'");
    return this.#database
      .transaction(() => {
        const row = find.get(runId) as RunRow | undefined;
        if (row !== undefined) this.#interrupt(row, reason);
        return row !== undefined;
      })
      .immediate();
  }

  #interrupt(row: RunRow, reason = LAB_DIED): void {
    const last = this.#database
      .prepare("SELECT seq, at_us AS atUs, wall_ms AS wallMs FROM events WHERE run_key = ? ORDER BY seq DESC LIMIT 1")
      .get(row.key) as { seq: number; atUs: number; wallMs: number } | undefined;
    const { seq, atUs, wallMs } = last ?? { seq: 0, atUs: 0, wallMs: row.started_wall_ms };
    const { type, body } = interruption(reason);
    this.#insertEvent?.run(row.key, seq + 1, atUs, wallMs, type, body);
    this.#end(row.key, { outcome: "interrupted", reason, durationMs: atUs / 1000 });
  }

  #giveUpArrivals(): void {
    const arrivals = this.#database.prepare("SELECT number, owner_pid, owner_started FROM arrivals").all() as (Pick<
      RunRow,
      "owner_pid" | "owner_started"
    > & { number: number })[];
    for (const { number, ...owner } of arrivals) {
      if (isOwnerAlive(owner)) continue;
      this.#database.prepare("INSERT INTO removals (run_key) VALUES (?)").run(-number);
      this.#database.prepare("DELETE FROM arrivals WHERE number = ?").run(number);
    }
  }

  /** False for an unknown run. */
  pin(runId: string, pinned: boolean): boolean {
    return this.#database.prepare("UPDATE runs SET pinned = ? WHERE id = ?").run(pinned ? 1 : 0, runId).changes > 0;
  }

  annotate(runId: string, change: AnnotationChange): RunAnnotations | undefined {
    return this.#database
      .transaction(() => {
        const row = this.#database.prepare("SELECT annotations FROM runs WHERE id = ?").get(runId);
        if (row === undefined) return;
        const annotations = changedAnnotations((row as { annotations: string | null }).annotations, change);
        this.#database.prepare("UPDATE runs SET annotations = ? WHERE id = ?").run(JSON.stringify(annotations), runId);
        return annotations;
      })
      .immediate();
  }

  /** Pinned runs are kept. */
  async remove(runIds: readonly string[], signal: AbortSignal): Promise<{ deleted: string[]; pinned: string[] }> {
    const pinnedOf = this.#database.prepare(
      "SELECT id FROM runs WHERE pinned = 1 AND id IN (SELECT value FROM json_each(?))",
    );
    const pinned = pinnedOf.pluck().all(JSON.stringify(runIds)) as string[];
    const deleted = await this.#remove(
      runIds.filter((runId) => !pinned.includes(runId)),
      signal,
    );
    return { deleted, pinned };
  }

  /** Resolves to the number of deleted runs. */
  async trim(limit: number, signal: AbortSignal): Promise<number> {
    if (this.#opened.readOnlyBecause !== undefined) return 0;
    const surplus = this.#database.prepare(
      `SELECT id FROM runs WHERE status = 'ended' AND pinned = 0 AND key NOT IN
         (SELECT key FROM runs ORDER BY coalesce(imported_wall_ms, started_wall_ms) DESC, key DESC LIMIT ?)`,
    );
    const runIds = surplus.pluck().all(limit) as string[];
    return runIds.length === 0 ? 0 : (await this.#remove(runIds, signal)).length;
  }

  async #remove(runIds: readonly string[], signal: AbortSignal): Promise<string[]> {
    const removed = removeRuns(this.#database, runIds);
    // Remaining events are removed at the next start.
    await removeEvents(this.#database, signal).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
    return removed;
  }

  /** Stages imported runs under a number chosen by the caller. */
  stage(arrival: number, run: ArrivingRun | undefined, rows: EventColumns, telemetry: readonly string[]): void {
    const known = this.#staged.get(arrival);
    const staged = known ?? new StagedRuns(this.#file);
    this.#staged.set(arrival, staged);
    staged.add(run, rows, telemetry);
  }

  async commit(
    arrival: number,
    from: { importedFrom: string; importedWallMs: number },
    signal: AbortSignal,
  ): Promise<void> {
    await this.#staged.get(arrival)?.commit(from, signal);
  }

  forget(arrival: number): void {
    this.#staged.get(arrival)?.close();
    this.#staged.delete(arrival);
  }

  close(): void {
    for (const staged of this.#staged.values()) staged.close();
    this.#database.close();
  }
}
