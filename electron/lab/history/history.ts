import type Database from "better-sqlite3";
import { systemClock } from "../clock.ts";
import type { LabEvent, Outcome } from "../events/lab-event.ts";
import { LabError } from "../lab-error.ts";
import { isSameProcess, type ProcessIdentity } from "../stack/process-identity.ts";
import { type EventRow, fromRow, toRow } from "./event-row.ts";
import { HISTORY_MIGRATIONS } from "./migrations.ts";
import { removeEvents } from "./removal.ts";
import { BUSY_LIMIT_MS, explainTrouble, openDatabase } from "./sqlite.ts";
import { type Durability, WriteQueue } from "./write-queue.ts";

const READ_AT_ONCE = 1_000;
const NAME = "run history";

export interface RunSummary {
  id: string;
  scenarioId: string;
  scenarioTitle: string;
  driver: string;
  without: string[];
  /** Absent while the run is on. */
  outcome?: Outcome;
  /** The lab that ran it has died, and no later one has ended it yet. */
  isAbandoned: boolean;
  reason?: string;
  startedWallMs: number;
  durationMs?: number;
  /** The bundle that it came from, for a run that did not happen here. */
  importedFrom?: string;
  /** Recorded as it was, nothing redacted. */
  raw: boolean;
}

export interface NewRun {
  id: string;
  scenarioId: string;
  scenarioTitle: string;
  /** The scenario as written, kept so that a run can be repeated after the file changed. */
  scenarioSource: string;
  /** The stack file as written. */
  stackSource?: string | undefined;
  driver: string;
  without: string[];
  startedWallMs: number;
  /** Nothing in it is redacted, as a person asked for. */
  isRaw?: boolean;
}

/** What a run was made of, beside its events. */
export interface RunSources {
  scenario: string;
  /** Absent for a run whose stack file was not kept. */
  stack?: string;
  events: number;
}

interface RunRow {
  key: number;
  id: string;
  scenario_id: string;
  scenario_title: string;
  driver: string;
  without: string;
  outcome: Outcome | null;
  reason: string | null;
  started_wall_ms: number;
  duration_ms: number | null;
  owner_pid: number;
  owner_started: string;
  imported_from: string | null;
  raw: number;
}

interface ArrivalRow {
  number: number;
  owner_pid: number;
  owner_started: string;
}

/**
 * Every run with its events. Events are written in batches behind the run's back; the end of a run, and whatever came
 * before it, is on disk before anyone is told of it.
 */
export class History {
  /** Why nothing can be recorded, or undefined. */
  readonly readOnlyBecause: string | undefined;
  /** Where a corrupt database found on opening was put, or undefined. */
  readonly setAsideTo: string | undefined;
  readonly file: string;
  readonly #database: Database.Database;
  readonly #owner: ProcessIdentity;
  #insertEvent: Database.Statement | undefined;
  readonly #keys = new Map<string, number>();
  readonly #queue = new WriteQueue((batch) => this.#write(batch), systemClock.wallMs);
  /** A caller has been told that what waits cannot be written. */
  #hasFailed = false;

  constructor(file: string, owner: ProcessIdentity) {
    const opened = openDatabase({
      file,
      name: NAME,
      migrations: HISTORY_MIGRATIONS,
      synchronous: "NORMAL",
      busyLimitMs: BUSY_LIMIT_MS,
    });
    this.#database = opened.database;
    this.file = file;
    this.#owner = owner;
    this.readOnlyBecause = opened.readOnlyBecause;
    this.setAsideTo = opened.setAsideTo;
  }

  /** @throws LabError when the history cannot be written: a run that leaves no record would be lost work. */
  assertWritable(): void {
    if (this.readOnlyBecause === undefined) return;
    throw new LabError("read-only", `${this.readOnlyBecause}; past runs can be read, new ones cannot be recorded`, {
      cure: "update Resilience Lab, or point RESILIENCE_LAB_HOME at another folder",
    });
  }

  begin(run: NewRun): void {
    this.assertWritable();
    const { lastInsertRowid } = this.#guarded(() =>
      this.#database
        .prepare(
          // Keys below 0 are of runs that came in. SQLite by itself would go on from the highest, even if that is one.
          `INSERT INTO runs (key, id, scenario_id, scenario_title, scenario_source, stack_source, driver, without, status,
           started_wall_ms, owner_pid, owner_started, raw)
           VALUES (1 + max(0, coalesce((SELECT max(key) FROM runs), 0), coalesce((SELECT max(run_key) FROM removals), 0)),
           ?, ?, ?, ?, ?, ?, ?, 'running', ?, ?, ?, ?)`,
        )
        .run(
          run.id,
          run.scenarioId,
          run.scenarioTitle,
          run.scenarioSource,
          run.stackSource ?? null,
          run.driver,
          JSON.stringify(run.without),
          Math.round(run.startedWallMs),
          this.#owner.pid,
          this.#owner.startedAt,
          run.isRaw ? 1 : 0,
        ),
    );
    this.#keys.set(run.id, Number(lastInsertRowid));
  }

  /** What of it is on disk. */
  get durability(): Durability {
    return this.#queue;
  }

  /** Queues one event of a run that has begun; `run.ended` also closes the run, on disk when this returns. */
  record(event: LabEvent): void {
    if (!this.#keys.has(event.runId)) throw new LabError("internal", `run ${event.runId} was not begun`);
    if (event.type !== "run.ended") {
      this.#queue.add(event);
      return;
    }
    try {
      this.#queue.addAndFlush(event);
    } catch (error) {
      this.#hasFailed = true;
      throw error;
    }
  }

  /**
   * Writes what waits, if the disk takes it, for whoever is about to read. What it does not take waits on, and is read
   * by {@link History.waiting}: no read depends on a write.
   */
  settle(): void {
    this.#queue.settle();
  }

  /** {@link WriteQueue.waiting} */
  waiting(runId: string, afterSeq: number): LabEvent[] {
    return this.#queue.waiting(runId, afterSeq);
  }

  /** {@link WriteQueue.flush} */
  flush(): void {
    this.#queue.flush();
  }

  #write(batch: readonly LabEvent[]): void {
    this.#guarded(() => this.#database.transaction(() => this.#insert(batch))());
    for (const event of batch) if (event.type === "run.ended") this.#keys.delete(event.runId);
  }

  #insert(batch: readonly LabEvent[]): void {
    this.#insertEvent ??= this.#database.prepare(
      "INSERT INTO events (run_key, seq, at_us, wall_ms, type, body) VALUES (?, ?, ?, ?, ?, ?)",
    );
    for (const event of batch) {
      const key = this.#keys.get(event.runId) ?? 0;
      const row = toRow(event);
      this.#insertEvent.run(key, row.seq, row.at_us, row.wall_ms, row.type, row.body);
      if (event.type === "run.ended") this.#end(key, event.outcome, event.reason, event.atMs);
    }
  }

  #end(key: number, outcome: Outcome, reason: string, durationMs: number): void {
    this.#database
      .prepare("UPDATE runs SET status = 'ended', outcome = ?, reason = ?, duration_ms = ? WHERE key = ?")
      .run(outcome, reason, durationMs, key);
  }

  /**
   * Ends the runs whose lab is no longer alive, as `interrupted`, and clears away what it had brought in, or removed, by
   * half. Returns how many runs there were.
   */
  async endOrphans(): Promise<number> {
    if (this.readOnlyBecause !== undefined) return 0;
    const running = this.#runs("SELECT * FROM runs WHERE status = 'running'", {});
    const orphans = running.filter((row) => !isSameProcess({ pid: row.owner_pid, startedAt: row.owner_started }));
    for (const row of orphans) this.#interrupt(row);
    this.#guarded(() => this.#database.transaction(() => this.#giveUpArrivals()).immediate());
    await removeEvents(this.#database).catch((error: unknown) => {
      throw explainTrouble(error, NAME, this.file);
    });
    return orphans.length;
  }

  #giveUpArrivals(): void {
    const arrivals = this.#database.prepare("SELECT * FROM arrivals").all() as ArrivalRow[];
    for (const { number, owner_pid: pid, owner_started: startedAt } of arrivals) {
      if (isSameProcess({ pid, startedAt })) continue;
      this.#database.prepare("INSERT INTO removals (run_key) VALUES (?)").run(-number);
      this.#database.prepare("DELETE FROM arrivals WHERE number = ?").run(number);
    }
  }

  #interrupt(row: RunRow): void {
    const last = this.#database
      .prepare("SELECT seq, at_us, wall_ms FROM events WHERE run_key = ? ORDER BY seq DESC LIMIT 1")
      .get(row.key) as { seq: number; at_us: number; wall_ms: number } | undefined;
    this.#keys.set(row.id, row.key);
    this.record({
      type: "run.ended",
      runId: row.id,
      seq: (last?.seq ?? 0) + 1,
      atMs: (last?.at_us ?? 0) / 1000,
      wallMs: last?.wall_ms ?? row.started_wall_ms,
      outcome: "interrupted",
      reason: "the lab died while this run was on; what it had broken was put back by a later start",
    });
  }

  /** Newest first. */
  list(options: { limit: number; scenarioId?: string }): RunSummary[] {
    const where = options.scenarioId === undefined ? "" : "WHERE scenario_id = @scenarioId";
    const sql = `SELECT * FROM runs ${where} ORDER BY started_wall_ms DESC, key DESC LIMIT @limit`;
    return this.#runs(sql, options).map(toSummary);
  }

  /** A run by its id or by the first characters of it. @throws LabError when none or several match. */
  find(idOrPrefix: string): RunSummary {
    const sql = "SELECT * FROM runs WHERE substr(id, 1, length(@prefix)) = @prefix ORDER BY key DESC LIMIT 2";
    const [row, another] = this.#runs(sql, { prefix: idOrPrefix });
    if (row === undefined || idOrPrefix === "") {
      throw new LabError("bad-input", `no run has the id ${idOrPrefix || "(empty)"}`, {
        cure: "see `resilience-lab history list`",
      });
    }
    if (another !== undefined) {
      throw new LabError("bad-input", `more than one run begins with ${idOrPrefix}`, { cure: "give more of the id" });
    }
    return toSummary(row);
  }

  has(runId: string): boolean {
    return this.#runs("SELECT * FROM runs WHERE id = @runId", { runId }).length > 0;
  }

  /** @throws LabError when there is no such run */
  sources(runId: string): RunSources {
    this.settle();
    const row = this.#guarded(() =>
      this.#database
        .prepare(
          `SELECT scenario_source AS scenario, stack_source AS stack,
           (SELECT coalesce(max(seq), 0) FROM events WHERE run_key = key) AS events FROM runs WHERE id = ?`,
        )
        .get(runId),
    ) as { scenario: string; stack: string | null; events: number } | undefined;
    if (row === undefined) throw new LabError("bad-input", `no run has the id ${runId}`);
    const { scenario, stack } = row;
    // Numbered without a gap, so the last number is how many there are.
    const events = this.waiting(runId, row.events).at(-1)?.seq ?? row.events;
    return { scenario, events, ...(stack === null ? {} : { stack }) };
  }

  /** All events of a run in their order. They are read page by page: a run may be recorded meanwhile. */
  *events(runId: string): Generator<LabEvent> {
    this.settle();
    const page = this.#database.prepare(
      `SELECT seq, at_us, wall_ms, type, body FROM events
       WHERE run_key = (SELECT key FROM runs WHERE id = ?) AND seq > ? ORDER BY seq LIMIT ${READ_AT_ONCE}`,
    );
    let rows: EventRow[];
    let lastSeq = 0;
    do {
      rows = this.#guarded(() => page.all(runId, lastSeq) as EventRow[]);
      for (const row of rows) yield fromRow(runId, row);
      lastSeq = rows.at(-1)?.seq ?? lastSeq;
    } while (rows.length === READ_AT_ONCE);
    yield* this.waiting(runId, lastSeq);
  }

  close(): void {
    if (!this.#database.open) return;
    try {
      if (this.readOnlyBecause === undefined) this.flush();
    } catch (error) {
      // Once a caller was told that it cannot be written, another error on the way out would only hide others.
      if (!this.#hasFailed) throw error;
    } finally {
      this.#queue.stop();
      this.#database.close();
    }
  }

  #runs(sql: string, values: object): RunRow[] {
    return this.#guarded(() => this.#database.prepare(sql).all(values) as RunRow[]);
  }

  #guarded<Value>(work: () => Value): Value {
    try {
      return work();
    } catch (error) {
      throw explainTrouble(error, NAME, this.file);
    }
  }
}

function toSummary(row: RunRow): RunSummary {
  return {
    id: row.id,
    scenarioId: row.scenario_id,
    scenarioTitle: row.scenario_title,
    driver: row.driver,
    without: JSON.parse(row.without) as string[],
    startedWallMs: row.started_wall_ms,
    isAbandoned: row.outcome === null && !isSameProcess({ pid: row.owner_pid, startedAt: row.owner_started }),
    raw: row.raw === 1,
    ...(row.outcome === null ? {} : { outcome: row.outcome }),
    ...(row.reason === null ? {} : { reason: row.reason }),
    ...(row.duration_ms === null ? {} : { durationMs: row.duration_ms }),
    ...(row.imported_from === null ? {} : { importedFrom: row.imported_from }),
  };
}
