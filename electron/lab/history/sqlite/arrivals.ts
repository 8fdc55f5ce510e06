import Database from "better-sqlite3";
import { LabError } from "../../lab-error.ts";
import { thisProcess } from "../../process-identity.ts";
import { type EventColumns, toRows } from "../event-columns.ts";
import type { ArrivingRun } from "../run-store.ts";
import { STORE_BUSY_LIMIT_MS } from "./database.ts";
import { insertRun } from "./insert-run.ts";
import { removeEvents } from "./removal.ts";
import { inSlices } from "./slices.ts";

interface ImportedFrom {
  importedFrom: string;
  importedWallMs: number;
}

/**
 * Runs that are being imported. They are staged in a temporary table of a separate connection, so that recording continues
 * meanwhile; {@link StagedRuns.commit} adds all of them, or none. What a process that has died had added is removed at the
 * next start.
 */
export class StagedRuns {
  readonly #database: Database.Database;
  readonly #runs: ArrivingRun[] = [];

  constructor(file: string) {
    this.#database = new Database(file);
    this.#database.pragma(`busy_timeout = ${STORE_BUSY_LIMIT_MS}`);
    // As for the history itself; else each slice would wait for the disk.
    this.#database.pragma("synchronous = NORMAL");
    // Events are inserted before their run, and are invisible without it.
    this.#database.pragma("foreign_keys = OFF");
    // On disk: a bundle may be larger than the memory.
    this.#database.pragma("temp_store = FILE");
    this.#database.exec(
      `CREATE TEMP TABLE staged (run INTEGER, seq INTEGER, at_us INTEGER, wall_ms INTEGER, type INTEGER, body TEXT,
       PRIMARY KEY (run, seq)) STRICT, WITHOUT ROWID;
       CREATE TEMP TABLE staged_telemetry (n INTEGER PRIMARY KEY, run INTEGER, body TEXT) STRICT;
       CREATE INDEX temp.staged_telemetry_by_run ON staged_telemetry (run, n)`,
    );
  }

  /** Stages events and telemetry of the given run, or of the last given one. */
  add(run: ArrivingRun | undefined, rows: EventColumns, telemetry: readonly string[]): void {
    if (run !== undefined) this.#runs.push(run);
    const insert = this.#database.prepare("INSERT INTO staged VALUES (?, ?, ?, ?, ?, ?)");
    const insertTelemetry = this.#database.prepare("INSERT INTO staged_telemetry (run, body) VALUES (?, ?)");
    this.#database.transaction(() => {
      for (const { seq, atUs, wallMs, type, body } of toRows(rows)) {
        insert.run(this.#runs.length, seq, atUs, wallMs, type, body);
      }
      for (const body of telemetry) insertTelemetry.run(this.#runs.length, body);
    })();
  }

  /**
   * Adds all that was staged. The events are moved in slices, since others write meanwhile; the runs are added in one short
   * transaction at the end. @throws when it cannot be written, a run has been added meanwhile, or it is cancelled before that
   */
  async commit(from: ImportedFrom, signal: AbortSignal): Promise<void> {
    const numbers = this.#numbers();
    try {
      for (const [index, number] of numbers.entries()) {
        await this.#moveEvents(index + 1, -number, signal);
        await this.#moveTelemetry(index + 1, -number, signal);
      }
      this.#database
        .transaction(() => {
          for (const [index, run] of this.#runs.entries()) this.#addRun(run, -(numbers[index] ?? 0), from);
          this.#forget(numbers);
        })
        .immediate();
    } catch (error) {
      // This may fail as well on a full disk: the next start cleans up, and the first error is reported.
      await this.#giveUp(numbers).catch(() => {});
      throw error;
    }
  }

  close(): void {
    this.#database.close();
  }

  /** A number for each run, descending: negated they are ascending keys, in the order of the runs. */
  #numbers(): number[] {
    const { pid, startedAt } = thisProcess;
    const insert = this.#database.prepare("INSERT INTO arrivals (owner_pid, owner_started) VALUES (?, ?)");
    const all = this.#database.transaction(() => this.#runs.map(() => insert.run(pid, startedAt).lastInsertRowid));
    return all.immediate().map(Number).reverse();
  }

  #forget(numbers: readonly number[]): void {
    const remove = this.#database.prepare("DELETE FROM arrivals WHERE number = ?");
    for (const number of numbers) remove.run(number);
  }

  async #moveEvents(staged: number, key: number, signal: AbortSignal): Promise<void> {
    const move = this.#database.prepare(
      `INSERT INTO events (run_key, seq, at_us, wall_ms, type, body)
       SELECT @key, seq, at_us, wall_ms, type, body FROM staged
       WHERE run = @staged AND seq > (SELECT coalesce(max(seq), 0) FROM events WHERE run_key = @key)
       ORDER BY seq LIMIT @rows`,
    );
    await inSlices((rows) => move.run({ key, staged, rows }).changes > 0, { writes: true, signal });
  }

  async #moveTelemetry(staged: number, key: number, signal: AbortSignal): Promise<void> {
    const move = this.#database.prepare(
      `INSERT INTO telemetry (run_key, n, body)
       SELECT @key, n, body FROM staged_telemetry
       WHERE run = @staged AND n > (SELECT coalesce(max(n), 0) FROM telemetry WHERE run_key = @key)
       ORDER BY n LIMIT @rows`,
    );
    await inSlices((rows) => move.run({ key, staged, rows }).changes > 0, { writes: true, signal });
  }

  async #giveUp(numbers: readonly number[]): Promise<void> {
    const note = this.#database.prepare("INSERT INTO removals (run_key) VALUES (?)");
    this.#database
      .transaction(() => {
        for (const number of numbers) note.run(-number);
        this.#forget(numbers);
      })
      .immediate();
    await removeEvents(this.#database);
  }

  #addRun(run: ArrivingRun, key: number, from: ImportedFrom): void {
    const importedFrom = run.moved === undefined ? from.importedFrom : run.moved.importedFrom;
    const { changes } = insertRun(this.#database, String(key), run, thisProcess, {
      status: "ended",
      outcome: run.outcome,
      reason: run.reason,
      duration_ms: run.durationMs,
      imported_from: importedFrom,
      imported_wall_ms: importedFrom === null ? null : from.importedWallMs,
      raw: run.isRaw ? 1 : 0,
      pinned: run.moved?.pinned ? 1 : 0,
      annotations: run.annotations === undefined ? null : JSON.stringify(run.annotations),
    });
    if (changes === 0)
      throw new LabError("busy", `run ${run.id} has been added to the history meanwhile`, { hint: "try again" });
  }
}
