import type { Pool } from "pg";
import type { DecidedApproval } from "../../../contract/approvals.ts";
import type { HistoryFilter } from "../../../contract/history.ts";
import type { TelemetryRecord } from "../../../model/telemetry.ts";
import { LabError } from "../../lab-error.ts";
import { codeOf, typeOf } from "../event-codes.ts";
import { type EventColumns, type EventTuple, tuplesToColumns } from "../event-columns.ts";
import type { EventRow } from "../event-row.ts";
import { type EventTexts, toTexts } from "../event-text.ts";
import type { HistoryReader } from "../history-threads.ts";
import { LANE_NAMES, type LaneRow } from "../lanes.ts";
import { APPROVAL_CODES, APPROVAL_DECISIONS, type NamedRun, NewestApprovals, toDecided } from "../newest-approvals.ts";
import { noSuchRun, theOnly } from "../no-such-run.ts";
import { HEADLINE_EVENTS_LIMIT, RunHeadlines, UNREAD_CODES } from "../run-headlines.ts";
import type { EventWindow, RunPage, RunSources, StoredRun, StoredRunDetail, TelemetryPage } from "../run-store.ts";
import { openPool, type PostgresLocation } from "./connections.ts";
import { RUN_COLUMNS, RUNS_WITH_LABS, type RunRow, toStoredRun } from "./run-row.ts";

/** Requests beyond these wait. */
const CONNECTIONS = 4;
const APPROVALS_AT_ONCE = 2_000;
const EVENT_COLUMNS = "seq, at_us, wall_ms, type, body";
const KEY_OF = "(SELECT key FROM runs WHERE id = $1)";
const LAST =
  "LEFT JOIN LATERAL (SELECT seq, at_us FROM events WHERE run_key = runs.key ORDER BY seq DESC LIMIT 1) last ON true";

interface Found extends RunRow {
  seq: number | null;
  at_us: number | null;
  scenario_source: string;
  stack_source: string | null;
}

/** All reads of the history. They wait for no writer: PostgreSQL gives each what was committed. */
export class PostgresReader implements HistoryReader {
  readonly #pool: Pool;

  readonly #headlines: RunHeadlines<RunRow>;

  constructor(location: PostgresLocation) {
    this.#pool = openPool(location, CONNECTIONS);
    this.#headlines = new RunHeadlines((key) => this.#headlineEvents(key), toStoredRun);
  }

  async list(filter: HistoryFilter, signal: AbortSignal): Promise<RunPage> {
    const limit = filter.limit ?? 50;
    const values: unknown[] = [];
    const value = (given: unknown) => `$${values.push(given)}`;
    const where = conditionsOf(filter, value);
    const matching = await this.#count(`SELECT count(*) AS count FROM runs ${and(where)}`, [...values]);
    if (filter.before !== undefined) {
      const before = await this.#find(filter.before);
      where.push(`(started_wall_ms, runs.key) < (${value(before.started_wall_ms)}, ${value(before.key)})`);
    }
    const rows = await this.#runs(
      `${and(where)} ORDER BY started_wall_ms DESC, runs.key DESC LIMIT ${limit + 1}`,
      values,
    );
    const { rows: kept } = await this.#pool.query<{ runs: number; pinned: number }>(
      "SELECT count(*) AS runs, count(*) FILTER (WHERE pinned) AS pinned FROM runs",
    );
    const { runs = 0, pinned = 0 } = kept[0] ?? {};
    return {
      runs: await this.#headlines.addTo(rows.slice(0, limit), signal),
      hasMore: rows.length > limit,
      matching,
      retention: { runs, pinned, bytes: await this.bytes() },
    };
  }

  async find(idOrPrefix: string): Promise<StoredRun> {
    const rows = await this.#runs("WHERE starts_with(runs.id, $1) ORDER BY runs.key DESC LIMIT 2", [idOrPrefix]);
    return toStoredRun(theOnly(rows, idOrPrefix));
  }

  async has(runId: string): Promise<boolean> {
    return (await this.#count("SELECT count(*) AS count FROM runs WHERE id = $1", [runId])) > 0;
  }

  async get(runId: string): Promise<StoredRunDetail> {
    const row = await this.#find(runId);
    const seq = row.seq ?? 0;
    // Events are numbered without a gap.
    return {
      ...toStoredRun(row),
      source: row.scenario_source,
      events: seq,
      lastSeq: seq,
      lastMs: (row.at_us ?? 0) / 1000,
    };
  }

  async sources(runId: string): Promise<RunSources> {
    const { seq, scenario_source: scenario, stack_source: stack } = await this.#find(runId);
    return { scenario, events: seq ?? 0, ...(stack === null ? {} : { stack }) };
  }

  async lastSeq(runId: string): Promise<number> {
    return (await this.#find(runId)).seq ?? 0;
  }

  async events(runId: string, afterSeq: number, limit: number): Promise<EventColumns> {
    return tuplesToColumns(await this.#events(`run_key = ${KEY_OF} AND seq > $2`, limit, [runId, afterSeq]));
  }

  async entries(runId: string, afterSeq: number, limit: number): Promise<EventTexts> {
    const rows = await this.#events(`run_key = ${KEY_OF} AND seq > $2`, limit, [runId, afterSeq]);
    if (rows.length === 0) await this.#find(runId);
    return toTexts(
      runId,
      rows.map(([seq, atUs, wallMs, type, body]) => {
        if (isObject(body) && typeOf(type) !== undefined) return { seq, atUs, wallMs, type, body };
        throw new LabError("bad-input", `event ${seq} of run ${runId} is damaged in the history`);
      }),
    );
  }

  async telemetry(runId: string, after: number, limit: number): Promise<TelemetryPage> {
    const { key } = await this.#find(runId);
    const { rows } = await this.#pool.query<{ n: number; body: string }>(
      "SELECT n, body FROM telemetry WHERE run_key = $1 AND n > $2 ORDER BY n LIMIT $3",
      [key, after, limit + 1],
    );
    const page = rows.slice(0, limit);
    const records = page.map(({ body }) => JSON.parse(body) as TelemetryRecord);
    return { records, next: page.at(-1)?.n ?? after, hasMore: rows.length > limit };
  }

  async window({
    runId,
    afterSeq,
    limit,
    types,
    service,
  }: EventWindow): Promise<{ rows: EventColumns; lastSeq: number }> {
    const { key, seq } = await this.#find(runId);
    const lastSeq = seq ?? 0;
    const values: unknown[] = [key, afterSeq, lastSeq];
    // Not beyond the last event at the start: the caller adds later ones.
    const where = ["run_key = $1", "seq > $2", "seq <= $3"];
    if (types !== undefined) where.push(`type = ANY ($${values.push(types.flatMap((type) => codeOf(type) ?? []))})`);
    if (service !== undefined) where.push(`service = $${values.push(service)}`);
    return { rows: tuplesToColumns(await this.#events(where.join(" AND "), limit + 1, values)), lastSeq };
  }

  async lanes(
    runId: string,
    buckets: number,
  ): Promise<{ rows: LaneRow[]; lastSeq: number; lastUs: number; bucketUs: number }> {
    const { key, seq, at_us } = await this.#find(runId);
    const [lastSeq, lastUs] = [seq ?? 0, at_us ?? 0];
    const bucketUs = Math.max(1, Math.ceil((lastUs + 1) / buckets));
    const { rows } = await this.#pool.query<LaneRow>(
      `SELECT type, CASE WHEN type = ANY ($4) THEN service WHEN type = ANY ($5) THEN decision ELSE '' END AS name,
         at_us / $2 AS bucket, count(*) AS events, min(at_us) AS first_us, max(at_us) AS last_us
       FROM events WHERE run_key = $1 AND seq <= $3 GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`,
      [key, bucketUs, lastSeq, LANE_NAMES.service, LANE_NAMES.decision],
    );
    return { rows, lastSeq, lastUs, bucketUs };
  }

  async lastVerdicts(scenarioId: string, limit: number): Promise<StoredRun[]> {
    const rows = await this.#runs(
      "WHERE scenario_id = $1 AND outcome IS NOT NULL ORDER BY started_wall_ms DESC, runs.key DESC LIMIT $2",
      [scenarioId, limit],
    );
    return rows.map(toStoredRun);
  }

  async approvals(
    limit: number,
    beforeWallMs: number,
    signal: AbortSignal,
  ): Promise<{ decided: DecidedApproval[]; hasMore: boolean }> {
    const { rows: runs } = await this.#pool.query<{ key: number } & NamedRun>(
      "SELECT key, id, scenario_id, scenario_title FROM runs",
    );
    const byKey = new Map(runs.map((run) => [run.key, run]));
    const newest = new NewestApprovals(
      limit + 1,
      beforeWallMs,
      runs.map(({ key, scenario_id }) => [key, scenario_id]),
    );
    let from = { run_key: 0, seq: 0 };
    for (;;) {
      signal.throwIfAborted();
      const { rows } = await this.#pool.query<{ run_key: number; seq: number; body: string }>(
        `SELECT run_key, seq, body FROM events WHERE decision IS NOT NULL AND decision = ANY ($3) AND type = ANY ($4)
           AND (run_key, seq) > ($1, $2) ORDER BY run_key, seq LIMIT ${APPROVALS_AT_ONCE}`,
        [from.run_key, from.seq, APPROVAL_DECISIONS, APPROVAL_CODES],
      );
      for (const { run_key, body } of rows) newest.take(run_key, JSON.parse(body));
      const last = rows.at(-1);
      if (last === undefined || rows.length < APPROVALS_AT_ONCE) break;
      from = last;
    }
    const all = newest.sorted().flatMap((found) => {
      const run = byKey.get(found.key);
      return run === undefined ? [] : [toDecided(found, run)];
    });
    return { decided: all.slice(0, limit), hasMore: all.length > limit };
  }

  /** Of the tables and their indexes. */
  bytes(): Promise<number> {
    return this.#count(
      "SELECT pg_total_relation_size('runs') + pg_total_relation_size('events') + pg_total_relation_size('telemetry') AS count",
      [],
    );
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }

  async #headlineEvents(key: number): Promise<EventRow[]> {
    const { rows } = await this.#pool.query<EventRow>(
      `SELECT seq, at_us AS "atUs", wall_ms AS "wallMs", type, body FROM events
       WHERE run_key = $1 AND NOT type = ANY ($2) ORDER BY seq LIMIT ${HEADLINE_EVENTS_LIMIT + 1}`,
      [key, UNREAD_CODES],
    );
    return rows;
  }

  async #runs(more: string, values: unknown[]): Promise<RunRow[]> {
    return (await this.#pool.query<RunRow>(`SELECT ${RUN_COLUMNS} FROM ${RUNS_WITH_LABS} ${more}`, values)).rows;
  }

  async #events(where: string, limit: number, values: unknown[]): Promise<EventTuple[]> {
    const text = `SELECT ${EVENT_COLUMNS} FROM events WHERE ${where} ORDER BY seq LIMIT ${limit}`;
    return (await this.#pool.query<EventTuple>({ text, values, rowMode: "array" })).rows;
  }

  async #count(text: string, values: unknown[]): Promise<number> {
    const { rows } = await this.#pool.query<{ count: number }>(text, values);
    return Number(rows[0]?.count ?? 0);
  }

  /** A run with the last of its events. */
  async #find(runId: string): Promise<Found> {
    const { rows } = await this.#pool.query<Found>(
      `SELECT ${RUN_COLUMNS}, scenario_source, stack_source, last.seq, last.at_us FROM ${RUNS_WITH_LABS} ${LAST}
       WHERE runs.id = $1`,
      [runId],
    );
    if (rows[0] !== undefined) return rows[0];
    throw noSuchRun(runId);
  }
}

function isObject(body: string): boolean {
  try {
    return body.startsWith("{") && typeof JSON.parse(body) === "object";
  } catch {
    return false;
  }
}

function conditionsOf(filter: HistoryFilter, value: (given: unknown) => string): string[] {
  const { scenarioId, outcome, driver, text, pinned, tag, batchId } = filter;
  const where: string[] = [];
  if (scenarioId !== undefined) where.push(`scenario_id = ${value(scenarioId)}`);
  if (outcome !== undefined) where.push(`outcome = ${value(outcome)}`);
  if (driver !== undefined) where.push(`driver = ${value(driver)}`);
  if (text !== undefined && text !== "") {
    const pattern = value(`%${text.replaceAll(/[\\%_]/g, "\\$&")}%`);
    const searched = ["scenario_title", "scenario_id", "runs.id", "reason"];
    const written = ["$.name", "$.tags[*]", "$.notes[*].text"].map(
      (path) =>
        `EXISTS (SELECT 1 FROM jsonb_path_query(annotations::jsonb, '${path}') AS each WHERE each #>> '{}' ILIKE ${pattern})`,
    );
    const found = searched.map((field) => `coalesce(${field}, '') ILIKE ${pattern}`);
    where.push(`(${[...found, ...written].join(" OR ")})`);
  }
  if (pinned !== undefined) where.push(`pinned = ${value(pinned)}`);
  if (tag !== undefined) where.push(`annotations::jsonb -> 'tags' ? ${value(tag)}`);
  if (batchId !== undefined) where.push(`batch::jsonb ->> 'id' = ${value(batchId)}`);
  return where;
}

function and(conditions: readonly string[]): string {
  return conditions.length === 0 ? "" : `WHERE ${conditions.join(" AND ")}`;
}
