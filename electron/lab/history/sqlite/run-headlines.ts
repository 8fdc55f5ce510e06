import { setImmediate } from "node:timers/promises";
import type Database from "better-sqlite3";
import { headlineOf } from "../../../model/headline/headline.ts";
import { UNREAD_TYPES } from "../../../model/headline/unread-types.ts";
import { RunModel } from "../../../model/run-model.ts";
import { codeOf } from "../event-codes.ts";
import { type EventRow, readRow } from "../event-row.ts";
import type { ListedRun } from "../run-store.ts";
import { type RunRow, toStoredRun } from "./run-row.ts";

/** Of a run with more events than this the headline is not read: a page of runs must not take seconds. */
const EVENTS_LIMIT = 20_000;
/** Headlines kept; about 100 bytes each. */
const KEPT = 5_000;
const UNREAD = UNREAD_TYPES.map(codeOf);

/** The headlines of ended runs, derived from their events when a run is first listed. */
export class RunHeadlines {
  readonly #select: Database.Statement;
  readonly #known = new Map<number, string | null>();

  constructor(database: Database.Database) {
    this.#select = database.prepare(
      `SELECT seq, at_us AS atUs, wall_ms AS wallMs, type, body FROM events
       WHERE run_key = ? AND type NOT IN (${UNREAD.join()}) ORDER BY seq LIMIT ${EVENTS_LIMIT + 1}`,
    );
  }

  /** Serves other requests between runs. */
  async addTo(rows: readonly RunRow[], signal: AbortSignal): Promise<ListedRun[]> {
    const runs: ListedRun[] = [];
    for (const row of rows) {
      signal.throwIfAborted();
      const isNew = row.outcome !== null && !this.#known.has(row.key);
      runs.push({ ...toStoredRun(row), headline: row.outcome === null ? null : this.#of(row) });
      if (isNew) await setImmediate();
    }
    return runs;
  }

  #of({ key, id }: RunRow): string | null {
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const headline = this.#read(key, id);
    if (this.#known.size >= KEPT) this.#known.clear();
    this.#known.set(key, headline);
    return headline;
  }

  /** Null for a run that is too large or has a damaged event: its page says so. */
  #read(key: number, id: string): string | null {
    const rows = this.#select.all(key) as EventRow[];
    if (rows.length === 0 || rows.length > EVENTS_LIMIT) return null;
    const model = new RunModel();
    try {
      for (const row of rows) {
        const event = readRow(id, row);
        model.skip({ fromSeq: model.seq + 1, toSeq: event.seq - 1, atMs: event.atMs });
        model.take(event);
      }
      return headlineOf(model);
    } catch {
      return null;
    }
  }
}
