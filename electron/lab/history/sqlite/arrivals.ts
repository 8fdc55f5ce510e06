import Database from "better-sqlite3";
import { LabError } from "../../lab-error.ts";
import { thisProcess } from "../../process-identity.ts";
import type { ArrivingRun } from "../run-store.ts";
import { BUSY_LIMIT_MS } from "./database.ts";
import { type EventColumns, toRows } from "./event-columns.ts";
import { removeEvents } from "./removal.ts";
import { inSlices } from "./slices.ts";

interface ImportedFrom {
  importedFrom: string;
  importedWallMs: number;
}

/**
 * Runs on their way into the history from elsewhere. They wait in a temporary table of a connection of its own, so that
 * recording goes on meanwhile; {@link StagedRuns.commit} brings all of them in, or none. What a process that has died had
 * brought in by half is cleared away at the next start.
 */
export class StagedRuns {
  readonly #database: Database.Database;
  readonly #runs: ArrivingRun[] = [];

  constructor(file: string) {
    this.#database = new Database(file);
    this.#database.pragma(`busy_timeout = ${BUSY_LIMIT_MS}`);
    // As the history itself is written; else each bit that is moved would wait for the disk.
    this.#database.pragma("synchronous = NORMAL");
    // Events come before the run that they belong to: nobody sees them without it.
    this.#database.pragma("foreign_keys = OFF");
    // On disk, not in memory: a bundle may be larger than that.
    this.#database.pragma("temp_store = FILE");
    this.#database.exec(
      `CREATE TEMP TABLE staged (run INTEGER, seq INTEGER, at_us INTEGER, wall_ms INTEGER, type INTEGER, body TEXT,
       PRIMARY KEY (run, seq)) STRICT, WITHOUT ROWID`,
    );
  }

  /** Events of the run that is given, or of the one that was given last. */
  add(run: ArrivingRun | undefined, rows: EventColumns): void {
    if (run !== undefined) this.#runs.push(run);
    const insert = this.#database.prepare("INSERT INTO staged VALUES (?, ?, ?, ?, ?, ?)");
    this.#database.transaction(() => {
      for (const { seq, atUs, wallMs, type, body } of toRows(rows)) {
        insert.run(this.#runs.length, seq, atUs, wallMs, type, body);
      }
    })();
  }

  /**
   * All that was staged. The events are moved bit by bit, since others write meanwhile; that there are these runs is one
   * short transaction at the end. @throws when it cannot be written, a run has come meanwhile, or it is cancelled before that
   */
  async commit(from: ImportedFrom, signal: AbortSignal): Promise<void> {
    const numbers = this.#numbers();
    try {
      for (const [index, number] of numbers.entries()) await this.#moveEvents(index + 1, -number, signal);
      this.#database
        .transaction(() => {
          for (const [index, run] of this.#runs.entries()) this.#addRun(run, -(numbers[index] ?? 0), from);
          this.#forget(numbers);
        })
        .immediate();
    } catch (error) {
      // On a full disk this may fail as well: the next start does it then, and the first error is the one to tell.
      await this.#giveUp(numbers).catch(() => {});
      throw error;
    }
  }

  close(): void {
    this.#database.close();
  }

  /** One for each run. The last run's is the lowest: with a minus it is the highest key, as if the runs had come in turn. */
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

  #addRun(run: ArrivingRun, key: number, { importedFrom, importedWallMs }: ImportedFrom): void {
    const { changes } = this.#database
      .prepare(
        `INSERT INTO runs (key, id, scenario_id, scenario_title, scenario_source, stack_source, driver, without, status,
         outcome, reason, started_wall_ms, duration_ms, owner_pid, owner_started, imported_from, imported_wall_ms)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'ended', ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
      )
      .run(
        key,
        run.id,
        run.scenarioId,
        run.scenarioTitle,
        run.scenarioSource,
        run.stackSource ?? null,
        run.driver,
        JSON.stringify(run.without),
        run.outcome,
        run.reason,
        run.startedWallMs,
        run.durationMs,
        thisProcess.pid,
        thisProcess.startedAt,
        importedFrom,
        importedWallMs,
      );
    if (changes === 0)
      throw new LabError("busy", `run ${run.id} has come into the history meanwhile`, { cure: "try again" });
  }
}
