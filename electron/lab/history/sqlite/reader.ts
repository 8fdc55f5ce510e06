import type Database from "better-sqlite3";
import type { HistoryFilter } from "../../../contract/history.ts";
import { LabError } from "../../lab-error.ts";
import { codeOf, typeOf } from "../event-codes.ts";
import { type EventColumns, type EventTuple, tuplesToColumns } from "../event-columns.ts";
import type { EventRow } from "../event-row.ts";
import { type EventTexts, toTexts } from "../event-text.ts";
import type { HistoryReader } from "../history-threads.ts";
import { LANE_SQL, type LaneRow } from "../lanes.ts";
import { noSuchRun, theOnly } from "../no-such-run.ts";
import { HEADLINE_EVENTS_LIMIT, RunHeadlines, UNREAD_CODES } from "../run-headlines.ts";
import type { EventWindow, RunPage, RunSources, StoredRun, StoredRunDetail, TelemetryPage } from "../run-store.ts";
import { openToRead, sizeOf } from "./database.ts";
import { decidedApprovals } from "./decided-approvals.ts";
import { ADDED_COLUMNS, ADDED_TABLES, HISTORY_MIGRATIONS } from "./migrations.ts";
import { type RunRow, toStoredRun } from "./run-row.ts";
import { inSlices } from "./slices.ts";
import { telemetryPage } from "./telemetry.ts";

/** The last event of a run; zeros for a run without events. */
interface End {
  seq: number;
  us: number;
}

const EVENT_COLUMNS = "seq, at_us, wall_ms, type, body";
const SEARCHED = ["scenario_title", "scenario_id", "id", "reason"];
/** Name, tags and texts of notes; not their ids. */
const WRITTEN =
  "SELECT 1 FROM json_tree(annotations) WHERE type = 'text' AND key IS NOT 'id' AND value LIKE @text ESCAPE '\\'";

/** All reads of the history. What grows with the number of events is done in slices, between which other requests are served. */
export class SqliteReader implements HistoryReader {
  readonly #database: Database.Database;
  readonly #file: string;
  readonly #statements = new Map<string, Database.Statement>();
  readonly #headlines: RunHeadlines<RunRow>;

  constructor(file: string) {
    this.#file = file;
    this.#database = openToRead(file);
    const columns = this.#database.prepare("SELECT name FROM pragma_table_info('runs')").pluck().all();
    // A database that does not exist yet reads as empty.
    if (columns.length === 0) for (const sql of HISTORY_MIGRATIONS) this.#database.exec(sql);
    else this.#addColumns(Object.entries(ADDED_COLUMNS).filter(([name]) => !columns.includes(name)));
    this.#addTables();
    const select = this.#database.prepare(
      `SELECT seq, at_us AS atUs, wall_ms AS wallMs, type, body FROM events
       WHERE run_key = ? AND type NOT IN (${UNREAD_CODES.join()}) ORDER BY seq LIMIT ${HEADLINE_EVENTS_LIMIT + 1}`,
    );
    this.#headlines = new RunHeadlines((key) => select.all(key) as EventRow[], toStoredRun);
  }

  #addTables(): void {
    const tables = this.#database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all();
    for (const [name, sql] of Object.entries(ADDED_TABLES)) if (!tables.includes(name)) this.#database.exec(sql);
  }

  /** A database that cannot be written keeps its older format: newer columns are added by a temporary view. */
  #addColumns(missing: readonly [string, number | "NULL"][]): void {
    if (missing.length === 0) return;
    const added = missing.map(([name, value]) => `${value} AS ${name}`).join(", ");
    this.#database.exec(`CREATE TEMP VIEW runs AS SELECT *, ${added} FROM main.runs`);
  }

  async list(filter: HistoryFilter, signal: AbortSignal): Promise<RunPage> {
    const limit = filter.limit ?? 50;
    const { where, values } = conditionsOf(filter);
    const before = filter.before === undefined ? undefined : this.#row(filter.before);
    const page = before
      ? [...where, "(started_wall_ms < @beforeMs OR (started_wall_ms = @beforeMs AND key < @beforeKey))"]
      : where;
    const bound = { ...values, limit: limit + 1, beforeMs: before?.started_wall_ms ?? 0, beforeKey: before?.key ?? 0 };
    const rows = this.#prepare(
      `SELECT * FROM runs ${and(page)} ORDER BY started_wall_ms DESC, key DESC LIMIT @limit`,
    ).all(bound) as RunRow[];
    const runs = await this.#headlines.addTo(rows.slice(0, limit), signal);
    const count = this.#prepare(`SELECT count(*) AS runs FROM runs ${and(where)}`);
    const kept = this.#prepare("SELECT count(*) AS runs, coalesce(sum(pinned), 0) AS pinned FROM runs");
    return {
      runs,
      hasMore: rows.length > limit,
      matching: (count.get(bound) as { runs: number }).runs,
      retention: { ...(kept.get() as { runs: number; pinned: number }), bytes: this.bytes() },
    };
  }

  find(idOrPrefix: string): StoredRun {
    const rows = this.#prepare(
      "SELECT * FROM runs WHERE substr(id, 1, length(@prefix)) = @prefix ORDER BY key DESC LIMIT 2",
    ).all({ prefix: idOrPrefix }) as RunRow[];
    return toStoredRun(theOnly(rows, idOrPrefix));
  }

  has(runId: string): boolean {
    return this.#prepare("SELECT 1 FROM runs WHERE id = ?").get(runId) !== undefined;
  }

  get(runId: string): StoredRunDetail {
    const row = this.#row(runId);
    const { seq, us } = this.#end(row.key);
    // Events are numbered without a gap.
    return { ...toStoredRun(row), source: row.scenario_source, events: seq, lastSeq: seq, lastMs: us / 1000 };
  }

  sources(runId: string): RunSources {
    const { key, scenario_source: scenario, stack_source: stack } = this.#row(runId);
    return { scenario, events: this.#end(key).seq, ...(stack === null ? {} : { stack }) };
  }

  lastSeq(runId: string): number {
    return this.#end(this.#row(runId).key).seq;
  }

  /** Empty for an unknown run. */
  events(runId: string, afterSeq: number, limit: number): EventColumns {
    const rows = this.#prepare(
      `SELECT ${EVENT_COLUMNS} FROM events WHERE run_key = (SELECT key FROM runs WHERE id = ?) AND seq > ?
       ORDER BY seq LIMIT ?`,
    )
      .raw()
      .all(runId, afterSeq, limit) as EventTuple[];
    return tuplesToColumns(rows);
  }

  /** Events for a stream. @throws LabError naming the first damaged event */
  entries(runId: string, afterSeq: number, limit: number): EventTexts {
    const rows = this.#prepare(
      `SELECT ${EVENT_COLUMNS}, json_valid(body) FROM events WHERE run_key = (SELECT key FROM runs WHERE id = ?)
         AND seq > ? ORDER BY seq LIMIT ?`,
    )
      .raw()
      .all(runId, afterSeq, limit) as EventTuple[];
    if (rows.length === 0) this.#row(runId);
    return toTexts(
      runId,
      rows.map(([seq, atUs, wallMs, type, body, isJson]) => {
        const isIntact = isJson === 1 && body.startsWith("{") && typeOf(type) !== undefined;
        if (isIntact) return { seq, atUs, wallMs, type, body };
        throw new LabError("bad-input", `event ${seq} of run ${runId} is damaged in the history`);
      }),
    );
  }

  /** {@link telemetryPage} */
  telemetry(runId: string, after: number, limit: number): TelemetryPage {
    return telemetryPage(this.#database, { runId, key: this.#row(runId).key, after, limit });
  }

  /** Up to one event more than the limit, and the number of the run's last event. */
  async window(window: EventWindow, signal: AbortSignal): Promise<{ rows: EventColumns; lastSeq: number }> {
    const { runId, types, service, limit } = window;
    const { key } = this.#row(runId);
    const { seq: lastSeq } = this.#end(key);
    const where = ["run_key = @key", "seq > @afterSeq", "seq <= @upTo"];
    if (types !== undefined) where.push("type IN (SELECT value FROM json_each(@types))");
    if (service !== undefined) where.push("json_extract(body, '$.service') = @service");
    const select = this.#prepare(`SELECT ${EVENT_COLUMNS} FROM events ${and(where)} ORDER BY seq LIMIT @limit`).raw();
    const wanted = { key, service, types: JSON.stringify(types?.flatMap((type) => codeOf(type) ?? []) ?? []) };
    const found: EventTuple[] = [];
    let { afterSeq } = window;
    const readSome = (rows: number) => {
      // Not beyond the last event at the start: the caller adds later ones.
      const [upTo, room] = [Math.min(lastSeq, afterSeq + rows), limit + 1 - found.length];
      found.push(...(select.all({ ...wanted, afterSeq, upTo, limit: room }) as EventTuple[]));
      afterSeq = upTo;
      return afterSeq < lastSeq && found.length <= limit;
    };
    await inSlices(readSome, { writes: false, signal });
    return { rows: tuplesToColumns(found), lastSeq };
  }

  /** @param buckets maximum number of time slices of the run */
  async lanes(
    runId: string,
    buckets: number,
    signal: AbortSignal,
  ): Promise<{ rows: LaneRow[]; lastSeq: number; lastUs: number; bucketUs: number }> {
    const { key } = this.#row(runId);
    const { seq: lastSeq, us: lastUs } = this.#end(key);
    const bucketUs = Math.max(1, Math.ceil((lastUs + 1) / buckets));
    const select = this.#prepare(LANE_SQL);
    const rows: LaneRow[] = [];
    let afterSeq = 0;
    const readSome = (count: number) => {
      const upTo = Math.min(lastSeq, afterSeq + count);
      rows.push(...(select.all({ key, bucketUs, afterSeq, upTo }) as LaneRow[]));
      afterSeq = upTo;
      return afterSeq < lastSeq;
    };
    await inSlices(readSome, { writes: false, signal });
    return { rows, lastSeq, lastUs, bucketUs };
  }

  lastVerdicts(scenarioId: string, limit: number): StoredRun[] {
    const rows = this.#prepare(
      `SELECT * FROM runs WHERE scenario_id = ? AND outcome IS NOT NULL ORDER BY started_wall_ms DESC, key DESC
         LIMIT ?`,
    ).all(scenarioId, limit) as RunRow[];
    return rows.map(toStoredRun);
  }

  /** {@link decidedApprovals} */
  approvals(limit: number, beforeWallMs: number, signal: AbortSignal): ReturnType<typeof decidedApprovals> {
    return decidedApprovals(this.#database, { limit, beforeWallMs, signal });
  }

  bytes(): number {
    return ["", "-wal"].reduce((sum, suffix) => sum + sizeOf(this.#file + suffix), 0);
  }

  close(): void {
    this.#database.close();
  }

  /** Prepared once: a stream repeats the same query for every batch. */
  #prepare(sql: string): Database.Statement {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  #row(runId: string): RunRow {
    const row = this.#prepare("SELECT * FROM runs WHERE id = ?").get(runId) as RunRow | undefined;
    if (row !== undefined) return row;
    throw noSuchRun(runId);
  }

  #end(key: number): End {
    const last = this.#prepare("SELECT seq, at_us AS us FROM events WHERE run_key = ? ORDER BY seq DESC LIMIT 1");
    return (last.get(key) as End | undefined) ?? { seq: 0, us: 0 };
  }
}

function conditionsOf(filter: HistoryFilter): { where: string[]; values: Record<string, unknown> } {
  const { scenarioId, outcome, driver, text, pinned, tag, batchId } = filter;
  const where: string[] = [];
  if (scenarioId !== undefined) where.push("scenario_id = @scenarioId");
  if (outcome !== undefined) where.push("outcome = @outcome");
  if (driver !== undefined) where.push("driver = @driver");
  if (text !== undefined && text !== "") {
    const searched = SEARCHED.map((field) => `coalesce(${field}, '') LIKE @text ESCAPE '\\'`);
    where.push(`(${[...searched, `EXISTS (${WRITTEN})`].join(" OR ")})`);
  }
  if (pinned !== undefined) where.push(`pinned = ${pinned ? 1 : 0}`);
  if (tag !== undefined) where.push("EXISTS (SELECT 1 FROM json_each(annotations, '$.tags') WHERE value = @tag)");
  if (batchId !== undefined) where.push("json_extract(batch, '$.id') = @batchId");
  const pattern = `%${(text ?? "").replaceAll(/[\\%_]/g, "\\$&")}%`;
  return { where, values: { scenarioId, outcome, driver, tag, batchId, text: pattern } };
}

function and(conditions: readonly string[]): string {
  return conditions.length === 0 ? "" : `WHERE ${conditions.join(" AND ")}`;
}
