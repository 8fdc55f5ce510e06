import Database from "better-sqlite3";
import type { LabEvent, Outcome } from "../events/lab-event.ts";
import { LabError } from "../lab-error.ts";
import { thisProcess } from "../stack/process-identity.ts";
import { toRow } from "./event-row.ts";
import type { History, NewRun } from "./history.ts";
import { removeEvents } from "./removal.ts";
import { inSlices } from "./slices.ts";
import { BUSY_LIMIT_MS, explainTrouble } from "./sqlite.ts";

/** Staged together, so that staging is not a transaction for each event. */
const STAGE_AT_ONCE = 1_000;

export interface ArrivingRun extends NewRun {
  outcome: Outcome;
  reason: string;
  durationMs: number;
}

/**
 * Runs on their way into the history from elsewhere. They wait in a temporary table of a connection of its own, so that
 * recording goes on meanwhile; {@link Arrivals.commit} brings all of them in, or none. What a process that has died had
 * brought in by half is cleared away at the next start.
 */
export class Arrivals {
  readonly #database: Database.Database;
  readonly #file: string;
  readonly #runs: ArrivingRun[] = [];
  #waiting: LabEvent[] = [];

  constructor(history: History) {
    history.assertWritable();
    this.#file = history.file;
    this.#database = new Database(history.file);
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

  /** The events that are staged from now on are of this run. */
  begin(run: ArrivingRun): void {
    this.#write();
    this.#runs.push(run);
  }

  stage(event: LabEvent): void {
    this.#waiting.push(event);
    if (this.#waiting.length >= STAGE_AT_ONCE) this.#write();
  }

  /**
   * All that was staged. The events are moved bit by bit, since others write and are served meanwhile; that there are these
   * runs is one short transaction at the end. @throws LabError when it cannot be written, or a run has come meanwhile; the
   * signal's reason when it was cancelled before that
   */
  async commit(importedFrom: string, importedWallMs: number, signal?: AbortSignal): Promise<void> {
    this.#write();
    const numbers = this.#numbers();
    try {
      for (const [index, number] of numbers.entries()) await this.#moveEvents(index + 1, -number, signal);
      this.#guarded(() =>
        this.#database
          .transaction(() => {
            for (const [index, run] of this.#runs.entries()) {
              this.#addRun(run, -(numbers[index] ?? 0), importedFrom, importedWallMs);
            }
            this.#forget(numbers);
          })
          .immediate(),
      );
    } catch (error) {
      // On a full disk this may fail as well: the next start does it then, and the first error is the one to tell.
      await this.#giveUp(numbers).catch(() => {});
      throw error;
    }
  }

  close(): void {
    this.#database.close();
  }

  #write(): void {
    const batch = this.#waiting;
    this.#waiting = [];
    if (batch.length === 0) return;
    const insert = this.#database.prepare("INSERT INTO staged VALUES (?, ?, ?, ?, ?, ?)");
    this.#guarded(() =>
      this.#database.transaction(() => {
        for (const event of batch) {
          const { seq, at_us, wall_ms, type, body } = toRow(event);
          insert.run(this.#runs.length, seq, at_us, wall_ms, type, body);
        }
      })(),
    );
  }

  /** One for each run. The last run's is the lowest: with a minus it is the highest key, as if the runs had come in turn. */
  #numbers(): number[] {
    const { pid, startedAt } = thisProcess;
    const insert = this.#database.prepare("INSERT INTO arrivals (owner_pid, owner_started) VALUES (?, ?)");
    const all = this.#database.transaction(() => this.#runs.map(() => insert.run(pid, startedAt).lastInsertRowid));
    return this.#guarded(() => all.immediate())
      .map(Number)
      .reverse();
  }

  #forget(numbers: readonly number[]): void {
    const remove = this.#database.prepare("DELETE FROM arrivals WHERE number = ?");
    for (const number of numbers) this.#guarded(() => remove.run(number));
  }

  async #moveEvents(staged: number, key: number, signal: AbortSignal | undefined): Promise<void> {
    const move = this.#database.prepare(
      `INSERT INTO events (run_key, seq, at_us, wall_ms, type, body)
       SELECT @key, seq, at_us, wall_ms, type, body FROM staged
       WHERE run = @staged AND seq > (SELECT coalesce(max(seq), 0) FROM events WHERE run_key = @key)
       ORDER BY seq LIMIT @rows`,
    );
    const moveSome = (rows: number) => this.#guarded(() => move.run({ key, staged, rows })).changes > 0;
    await inSlices(moveSome, { writes: true, signal });
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

  #addRun(run: ArrivingRun, key: number, importedFrom: string, importedWallMs: number): void {
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

  #guarded<Value>(work: () => Value): Value {
    try {
      return work();
    } catch (error) {
      throw explainTrouble(error, "run history", this.#file);
    }
  }
}
