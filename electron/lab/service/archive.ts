import { statSync } from "node:fs";
import Database from "better-sqlite3";
import type { z } from "zod";
import type { DecidedApproval } from "../../contract/approvals.ts";
import {
  type EventPage,
  type eventPageRequest,
  type HistoryFilter,
  type HistoryPage,
  LANE_BUCKETS,
  type LaneSummary,
  type RunDetail,
  type RunSummary,
} from "../../contract/history.ts";
import { BY_HAND_SCENARIO_ID } from "../../contract/runs.ts";
import type { Outcome } from "../events/lab-event.ts";
import type { EventRow } from "../history/event-row.ts";
import type { History } from "../history/history.ts";
import { LabError } from "../lab-error.ts";
import { codeOf, readRow } from "./event-codes.ts";
import { LANE_SQL, type LaneRow, toLanes } from "./lanes.ts";
import type { Preferences } from "./preferences.ts";
import { StoredEntry, type StoredRow } from "./stream-entry.ts";

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
  imported_from: string | null;
}

interface Span {
  events: number;
  last_seq: number | null;
  last_us: number | null;
}

/** Past runs as the page asks for them. The history itself only ever appends; looking for, and deleting, is done here. */
export class Archive {
  readonly #database: Database.Database;
  readonly #file: string;
  readonly #history: History;
  readonly #preferences: Preferences;
  readonly #statements = new Map<string, Database.Statement>();

  constructor(file: string, history: History, preferences: Preferences) {
    this.#file = file;
    this.#history = history;
    this.#preferences = preferences;
    this.#database = new Database(file, { readonly: history.readOnlyBecause !== undefined });
    this.#database.pragma("busy_timeout = 5000");
    if (history.readOnlyBecause === undefined) this.#database.pragma("foreign_keys = ON");
  }

  list(filter: HistoryFilter, historyLimit: number): HistoryPage {
    const limit = filter.limit ?? 50;
    const { where, values } = this.#conditions(filter);
    const before = filter.before === undefined ? undefined : this.#row(filter.before);
    const page = before
      ? [...where, "(started_wall_ms < @beforeMs OR (started_wall_ms = @beforeMs AND key < @beforeKey))"]
      : where;
    const bound = { ...values, limit: limit + 1, beforeMs: before?.started_wall_ms ?? 0, beforeKey: before?.key ?? 0 };
    const rows = this.#prepare(
      `SELECT * FROM runs ${and(page)} ORDER BY started_wall_ms DESC, key DESC LIMIT @limit`,
    ).all(bound) as RunRow[];
    const matching = this.#prepare(`SELECT count(*) AS runs FROM runs ${and(where)}`).get(bound);
    const kept = this.#prepare("SELECT count(*) AS runs FROM runs").get();
    const pins = this.#preferences.pinned();
    return {
      runs: rows.slice(0, limit).map((row) => toSummary(row, pins)),
      hasMore: rows.length > limit,
      matching: (matching as { runs: number }).runs,
      retention: {
        runs: (kept as { runs: number }).runs,
        pinned: pins.size,
        limit: historyLimit,
        bytes: this.bytes(),
      },
    };
  }

  #conditions(filter: HistoryFilter): { where: string[]; values: Record<string, unknown> } {
    const { scenarioId, outcome, driver, text, pinned } = filter;
    const where: string[] = [];
    if (scenarioId !== undefined) where.push("scenario_id = @scenarioId");
    if (outcome !== undefined) where.push("outcome = @outcome");
    if (driver !== undefined) where.push("driver = @driver");
    if (text !== undefined && text !== "") {
      const fields = ["scenario_title", "scenario_id", "id", "reason"];
      where.push(`(${fields.map((field) => `coalesce(${field}, '') LIKE @text ESCAPE '\\'`).join(" OR ")})`);
    }
    if (pinned !== undefined) where.push(`id ${pinned ? "IN" : "NOT IN"} (SELECT value FROM json_each(@pins))`);
    const pattern = `%${(text ?? "").replaceAll(/[\\%_]/g, "\\$&")}%`;
    const pins = JSON.stringify([...this.#preferences.pinned()]);
    return { where, values: { scenarioId, outcome, driver, text: pattern, pins } };
  }

  get(runId: string): RunDetail {
    const row = this.#row(runId);
    const source = this.#prepare("SELECT scenario_source FROM runs WHERE key = ?").pluck().get(row.key);
    const span = this.#span(row.key);
    return {
      ...toSummary(row, this.#preferences.pinned()),
      source: String(source),
      events: span.events,
      lastSeq: span.last_seq ?? 0,
      lastMs: (span.last_us ?? 0) / 1000,
    };
  }

  events(page: z.output<typeof eventPageRequest>): EventPage {
    const { key } = this.#row(page.runId);
    this.#history.flush();
    const where = ["run_key = @key", "seq > @afterSeq"];
    if (page.types !== undefined) where.push("type IN (SELECT value FROM json_each(@types))");
    if (page.service !== undefined) where.push("json_extract(body, '$.service') = @service");
    const types = JSON.stringify(page.types?.flatMap((type) => codeOf(type) ?? []) ?? []);
    const rows = this.#prepare(
      `SELECT seq, at_us, wall_ms, type, body FROM events ${and(where)} ORDER BY seq LIMIT @limit`,
    ).all({ key, afterSeq: page.afterSeq, types, service: page.service, limit: page.limit + 1 }) as EventRow[];
    return {
      events: rows.slice(0, page.limit).map((row) => readRow(page.runId, row)),
      hasMore: rows.length > page.limit,
    };
  }

  /** Events after a number, as a stream sends them. @throws LabError naming the first that is damaged */
  entries(runId: string, afterSeq: number, limit: number): StoredEntry[] {
    this.#history.flush();
    const rows = this.#prepare(ENTRIES_SQL).raw().all(runId, afterSeq, limit) as StoredRow[];
    if (rows.length === 0) this.#row(runId);
    return rows.map((row) => new StoredEntry(runId, row));
  }

  /** 0 for a run without events. */
  lastSeq(runId: string): number {
    const { key } = this.#row(runId);
    this.#history.flush();
    return Number(this.#prepare("SELECT max(seq) FROM events WHERE run_key = ?").pluck().get(key) ?? 0);
  }

  laneSummary(runId: string): LaneSummary {
    const { key } = this.#row(runId);
    this.#history.flush();
    const { last_seq, last_us } = this.#span(key);
    const bucketUs = Math.max(1, Math.ceil(((last_us ?? 0) + 1) / LANE_BUCKETS));
    const rows = this.#prepare(LANE_SQL).all({ key, bucketUs }) as LaneRow[];
    return {
      runId,
      lastSeq: last_seq ?? 0,
      lastMs: (last_us ?? 0) / 1000,
      bucketMs: bucketUs / 1000,
      lanes: toLanes(rows),
    };
  }

  /** Pinned runs and runs that are on stay. */
  delete(runIds: readonly string[], isOn: (runId: string) => boolean): { deleted: string[]; kept: Kept[] } {
    this.#history.assertWritable();
    const pins = this.#preferences.pinned();
    const kept: Kept[] = [];
    const wanted = runIds.filter((runId) => {
      const because = isOn(runId) ? "it is on" : pins.has(runId) ? "it is pinned" : undefined;
      if (because !== undefined) kept.push({ runId, because });
      return because === undefined;
    });
    const remove = this.#prepare("DELETE FROM runs WHERE id = ?");
    const deleted = this.#database.transaction(() => wanted.filter((runId) => remove.run(runId).changes > 0))();
    return { deleted, kept };
  }

  /** Deletes the runs beyond the limit that have been here longest, pinned ones and those that are on excepted. Returns how many. */
  trim(limit: number): number {
    if (this.#history.readOnlyBecause !== undefined) return 0;
    const pins = JSON.stringify([...this.#preferences.pinned()]);
    return this.#prepare(
      `DELETE FROM runs WHERE status = 'ended' AND id NOT IN (SELECT value FROM json_each(@pins)) AND key NOT IN
         (SELECT key FROM runs ORDER BY coalesce(imported_wall_ms, started_wall_ms) DESC, key DESC LIMIT @limit)`,
    ).run({ pins, limit }).changes;
  }

  lastVerdicts(scenarioId: string, limit: number): RunSummary[] {
    const rows = this.#prepare(
      `SELECT * FROM runs WHERE scenario_id = ? AND outcome IS NOT NULL ORDER BY started_wall_ms DESC, key DESC
         LIMIT ?`,
    ).all(scenarioId, limit) as RunRow[];
    return rows.map((row) => toSummary(row, new Set()));
  }

  /** Decisions on approvals in every run, newest first. */
  approvals(limit: number, beforeWallMs: number): { decided: DecidedApproval[]; hasMore: boolean } {
    this.#history.flush();
    const rows = this.#prepare(
      `SELECT runs.id AS id, scenario_id, scenario_title, body, json_extract(body, '$.decidedWallMs') AS decided,
           (SELECT json_extract(asked.body, '$.decidedWallMs') FROM events AS asked
            WHERE asked.run_key = events.run_key AND asked.type = events.type
              AND json_extract(asked.body, '$.callId') = json_extract(events.body, '$.callId')
              AND json_extract(asked.body, '$.decision') = 'approvalRequired' LIMIT 1) AS requested
         FROM events JOIN runs ON runs.key = events.run_key
         WHERE type = @type AND json_extract(body, '$.decision') IN ('approved', 'denied', 'expired')
           AND decided < @beforeWallMs
         ORDER BY decided DESC LIMIT @limit`,
    ).all({ type: codeOf("call.decided"), beforeWallMs, limit: limit + 1 }) as ApprovalRow[];
    return { decided: rows.slice(0, limit).map(toDecided), hasMore: rows.length > limit };
  }

  bytes(): number {
    return ["", "-wal"].reduce((sum, suffix) => sum + sizeOf(this.#file + suffix), 0);
  }

  close(): void {
    this.#database.close();
  }

  /** Prepared once: a stream asks the same for every batch. */
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
    throw new LabError("bad-input", `no run has the id ${runId}`, {
      cure: "it may have been deleted; see the history",
    });
  }

  #span(key: number): Span {
    this.#history.flush();
    return this.#prepare(
      "SELECT count(*) AS events, max(seq) AS last_seq, max(at_us) AS last_us FROM events WHERE run_key = ?",
    ).get(key) as Span;
  }
}

/** The columns of a {@link StoredRow}. */
const ENTRIES_SQL = `
  SELECT seq, at_us, wall_ms, type, body, json_valid(body) FROM events
    WHERE run_key = (SELECT key FROM runs WHERE id = ?) AND seq > ? ORDER BY seq LIMIT ?`;

interface Kept {
  runId: string;
  because: string;
}

interface ApprovalRow {
  id: string;
  scenario_id: string;
  scenario_title: string;
  body: string;
  requested: number | null;
}

function toDecided(row: ApprovalRow): DecidedApproval {
  const body = JSON.parse(row.body) as Record<string, unknown>;
  return {
    runId: row.id,
    scenarioId: row.scenario_id,
    scenarioTitle: row.scenario_title,
    callId: String(body.callId),
    tool: String(body.tool),
    arguments: body.arguments,
    sessionId: String(body.sessionId),
    requestedWallMs: row.requested,
    decidedWallMs: Number(body.decidedWallMs),
    result: body.decision as DecidedApproval["result"],
    reason: String(body.reason),
  };
}

function toSummary(row: RunRow, pins: ReadonlySet<string>): RunSummary {
  return {
    id: row.id,
    kind: row.scenario_id === BY_HAND_SCENARIO_ID ? "by hand" : "scenario",
    scenarioId: row.scenario_id,
    scenarioTitle: row.scenario_title,
    driver: row.driver,
    without: JSON.parse(row.without) as string[],
    outcome: row.outcome,
    reason: row.reason,
    startedWallMs: row.started_wall_ms,
    durationMs: row.duration_ms,
    pinned: pins.has(row.id),
    importedFrom: row.imported_from,
  };
}

function and(conditions: readonly string[]): string {
  return conditions.length === 0 ? "" : `WHERE ${conditions.join(" AND ")}`;
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
