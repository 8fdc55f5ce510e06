import Database from "better-sqlite3";
import type { LabEvent, Outcome } from "../events/lab-event.ts";
import { LabError } from "../lab-error.ts";
import { thisProcess } from "../stack/process-identity.ts";
import { toRow } from "./event-row.ts";
import type { History, NewRun } from "./history.ts";
import { explainTrouble } from "./sqlite.ts";

/** Staged together, so that staging is not a transaction for each event. */
const STAGE_AT_ONCE = 1_000;

export interface ArrivingRun extends NewRun {
  outcome: Outcome;
  reason: string;
  durationMs: number;
}

/**
 * Runs on their way into the history from elsewhere. They wait in a temporary table of a connection of its own, so that
 * recording goes on meanwhile; {@link Arrivals.commit} moves all of them in, or none. Nothing is left if the process dies.
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
    this.#database.pragma("busy_timeout = 5000");
    this.#database.pragma("foreign_keys = ON");
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

  /** All that was staged, in one transaction. @throws LabError when it cannot be written, or a run has come meanwhile */
  commit(importedFrom: string, importedWallMs: number): void {
    this.#write();
    this.#guarded(() =>
      this.#database
        .transaction(() => {
          for (const [index, run] of this.#runs.entries()) this.#move(index + 1, run, importedFrom, importedWallMs);
        })
        .immediate(),
    );
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

  #move(staged: number, run: ArrivingRun, importedFrom: string, importedWallMs: number): void {
    const { changes, lastInsertRowid } = this.#database
      .prepare(
        `INSERT INTO runs (id, scenario_id, scenario_title, scenario_source, stack_source, driver, without, status, outcome,
         reason, started_wall_ms, duration_ms, owner_pid, owner_started, imported_from, imported_wall_ms)
         VALUES (?, ?, ?, ?, ?, ?, ?, 'ended', ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
      )
      .run(
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
    this.#database
      .prepare(
        `INSERT INTO events (run_key, seq, at_us, wall_ms, type, body)
         SELECT ?, seq, at_us, wall_ms, type, body FROM staged WHERE run = ? ORDER BY seq`,
      )
      .run(lastInsertRowid, staged);
  }

  #guarded<Value>(work: () => Value): Value {
    try {
      return work();
    } catch (error) {
      throw explainTrouble(error, "run history", this.#file);
    }
  }
}
