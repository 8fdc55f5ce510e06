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
import { removeEvents, removeRuns } from "../history/removal.ts";
import { inSlices } from "../history/slices.ts";
import { BUSY_LIMIT_MS, openToRead, sizeOf } from "../history/sqlite.ts";
import { LabError } from "../lab-error.ts";
import { decidedApprovals } from "./decided-approvals.ts";
import { codeOf, readRow } from "./event-codes.ts";
import { LANE_SQL, type LaneRow, toLanes } from "./lanes.ts";
import type { Preferences } from "./preferences.ts";
import { LiveEntry, StoredEntry, type StoredRow, type StreamEntry } from "./stream-entry.ts";

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
  raw: number;
}

/** The last event of a run; zeros for a run without any. */
interface End {
  seq: number;
  us: number;
}

/**
 * Past runs as the page asks for them. The history itself only ever appends; looking for, and deleting, is done here. What
 * takes longer with more events is done in slices: this is the thread that beats for the watchdog.
 */
export class Archive {
  readonly #database: Database.Database;
  readonly #file: string;
  readonly #history: History;
  readonly #preferences: Preferences;
  readonly #statements = new Map<string, Database.Statement>();
  readonly #closing = new AbortController();

  constructor(file: string, history: History, preferences: Preferences) {
    this.#file = file;
    this.#history = history;
    this.#preferences = preferences;
    this.#database = history.readOnlyBecause === undefined ? new Database(file) : openToRead(file);
    this.#database.pragma(`busy_timeout = ${BUSY_LIMIT_MS}`);
    // A run that is removed takes its events with it bit by bit, not all at once.
    this.#database.pragma("foreign_keys = OFF");
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
    const { seq, us } = this.#end(row.key);
    // Events are numbered without a gap.
    const counted = { events: seq, lastSeq: seq, lastMs: us / 1000 };
    return { ...toSummary(row, this.#preferences.pinned()), source: String(source), ...counted };
  }

  async events(page: z.output<typeof eventPageRequest>): Promise<EventPage> {
    const { runId, types, service, limit } = page;
    const { key } = this.#row(runId);
    const { seq: lastSeq } = this.#end(key);
    const waiting = this.#history
      .waiting(runId, Math.max(lastSeq, page.afterSeq))
      .filter((event) => types?.includes(event.type) ?? true)
      .filter((event) => service === undefined || ("service" in event && event.service === service));
    const where = ["run_key = @key", "seq > @afterSeq", "seq <= @upTo"];
    if (types !== undefined) where.push("type IN (SELECT value FROM json_each(@types))");
    if (service !== undefined) where.push("json_extract(body, '$.service') = @service");
    const select = this.#prepare(
      `SELECT seq, at_us, wall_ms, type, body FROM events ${and(where)} ORDER BY seq LIMIT @limit`,
    );
    const wanted = { key, service, types: JSON.stringify(types?.flatMap((type) => codeOf(type) ?? []) ?? []) };
    const found: EventRow[] = [];
    let { afterSeq } = page;
    const readSome = (rows: number) => {
      const [upTo, room] = [afterSeq + rows, limit + 1 - found.length];
      found.push(...(select.all({ ...wanted, afterSeq, upTo, limit: room }) as EventRow[]));
      afterSeq = upTo;
      return afterSeq < lastSeq && found.length <= limit;
    };
    await inSlices(readSome, { writes: false, signal: this.#closing.signal });
    const events = [...found.map((row) => readRow(runId, row)), ...waiting];
    return { events: events.slice(0, limit), hasMore: events.length > limit, savedSeq: lastSeq };
  }

  /** Events after a number, as a stream sends them. @throws LabError naming the first that is damaged */
  entries(runId: string, afterSeq: number, limit: number): StreamEntry[] {
    this.#history.settle();
    const rows = this.#prepare(ENTRIES_SQL).raw().all(runId, afterSeq, limit) as StoredRow[];
    const stored = rows.map((row) => new StoredEntry(runId, row));
    if (stored.length === limit) return stored;
    const waiting = this.#history.waiting(runId, stored.at(-1)?.seq ?? afterSeq).slice(0, limit - stored.length);
    if (stored.length + waiting.length === 0) this.#row(runId);
    return [...stored, ...waiting.map((event) => new LiveEntry(event))];
  }

  /** 0 for a run without events. */
  lastSeq(runId: string): number {
    const { seq } = this.#end(this.#row(runId).key);
    return this.#history.waiting(runId, seq).at(-1)?.seq ?? seq;
  }

  async laneSummary(runId: string): Promise<LaneSummary> {
    const { key } = this.#row(runId);
    const { seq: lastSeq, us: lastUs } = this.#end(key);
    const bucketUs = Math.max(1, Math.ceil((lastUs + 1) / LANE_BUCKETS));
    const select = this.#prepare(LANE_SQL);
    const found: LaneRow[] = [];
    let afterSeq = 0;
    const readSome = (rows: number) => {
      const upTo = Math.min(lastSeq, afterSeq + rows);
      found.push(...(select.all({ key, bucketUs, afterSeq, upTo }) as LaneRow[]));
      afterSeq = upTo;
      return afterSeq < lastSeq;
    };
    await inSlices(readSome, { writes: false, signal: this.#closing.signal });
    return { runId, lastSeq, lastMs: lastUs / 1000, bucketMs: bucketUs / 1000, lanes: toLanes(found) };
  }

  /**
   * Pinned runs, runs that are on and runs of which something waits for the disk stay: what waits belongs to the run's row.
   * The others are gone at once, and their events when this resolves.
   */
  async delete(
    runIds: readonly string[],
    isOn: (runId: string) => boolean,
  ): Promise<{ deleted: string[]; kept: Kept[] }> {
    this.#history.assertWritable();
    const pins = this.#preferences.pinned();
    const kept: Kept[] = [];
    const wanted = runIds.filter((runId) => {
      const because = this.#keptBecause(runId, isOn, pins);
      if (because !== undefined) kept.push({ runId, because });
      return because === undefined;
    });
    return { deleted: await this.#remove(wanted), kept };
  }

  #keptBecause(runId: string, isOn: (runId: string) => boolean, pins: ReadonlySet<string>): string | undefined {
    if (isOn(runId)) return "it is on";
    if (pins.has(runId)) return "it is pinned";
    return this.#history.durability.firstUnsaved(runId) === undefined ? undefined : "it is not all saved yet";
  }

  /** Deletes the runs beyond the limit that have been here longest, pinned ones and those that are on excepted. Returns how many. */
  async trim(limit: number): Promise<number> {
    if (this.#history.readOnlyBecause !== undefined) return 0;
    const pins = JSON.stringify([...this.#preferences.pinned()]);
    const surplus = this.#prepare(
      `SELECT id FROM runs WHERE status = 'ended' AND id NOT IN (SELECT value FROM json_each(@pins)) AND key NOT IN
         (SELECT key FROM runs ORDER BY coalesce(imported_wall_ms, started_wall_ms) DESC, key DESC LIMIT @limit)`,
    );
    const ids = surplus.pluck().all({ pins, limit }) as string[];
    return ids.length === 0 ? 0 : (await this.#remove(ids)).length;
  }

  async #remove(runIds: readonly string[]): Promise<string[]> {
    const removed = removeRuns(this.#database, runIds);
    const { signal } = this.#closing;
    // What is left of them when the lab ends goes at its next start.
    await removeEvents(this.#database, signal).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
    return removed;
  }

  lastVerdicts(scenarioId: string, limit: number): RunSummary[] {
    const rows = this.#prepare(
      `SELECT * FROM runs WHERE scenario_id = ? AND outcome IS NOT NULL ORDER BY started_wall_ms DESC, key DESC
         LIMIT ?`,
    ).all(scenarioId, limit) as RunRow[];
    return rows.map((row) => toSummary(row, new Set()));
  }

  /** {@link decidedApprovals} */
  approvals(limit: number, beforeWallMs: number): Promise<{ decided: DecidedApproval[]; hasMore: boolean }> {
    this.#history.settle();
    return decidedApprovals(this.#database, { limit, beforeWallMs, signal: this.#closing.signal });
  }

  bytes(): number {
    return ["", "-wal"].reduce((sum, suffix) => sum + sizeOf(this.#file + suffix), 0);
  }

  /** What is being read or removed ends with an error, or is gone on with at the next start. */
  close(): void {
    this.#closing.abort(new LabError("busy", "the lab is ending"));
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

  #end(key: number): End {
    this.#history.settle();
    const last = this.#prepare("SELECT seq, at_us AS us FROM events WHERE run_key = ? ORDER BY seq DESC LIMIT 1");
    return (last.get(key) as End | undefined) ?? { seq: 0, us: 0 };
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
    raw: row.raw === 1,
  };
}

function and(conditions: readonly string[]): string {
  return conditions.length === 0 ? "" : `WHERE ${conditions.join(" AND ")}`;
}
