import { setImmediate } from "node:timers/promises";
import { headlineOf } from "../../model/headline/headline.ts";
import { UNREAD_TYPES } from "../../model/headline/unread-types.ts";
import { RunModel } from "../../model/run-model.ts";
import { codeOf } from "./event-codes.ts";
import { type EventRow, readRow } from "./event-row.ts";
import type { ListedRun, StoredRun } from "./run-store.ts";

/** Of a run with more events than this the headline is not read: a page of runs must not take seconds. */
export const HEADLINE_EVENTS_LIMIT = 20_000;
/** Headlines kept; about 100 bytes each. */
const KEPT = 5_000;
/** Codes of events that a headline does without. */
export const UNREAD_CODES: readonly number[] = UNREAD_TYPES.map((type) => codeOf(type) ?? -1);

interface Keyed {
  key: number;
  id: string;
  outcome: StoredRun["outcome"];
}

/** Up to one event more than {@link HEADLINE_EVENTS_LIMIT}, without those of {@link UNREAD_CODES}, in their order. */
type ReadEvents = (key: number) => EventRow[] | Promise<EventRow[]>;

/** The headlines of ended runs, derived from their events when a run is first listed. */
export class RunHeadlines<Row extends Keyed> {
  readonly #readEvents: ReadEvents;
  readonly #toStoredRun: (row: Row) => StoredRun;
  readonly #known = new Map<number, string | null>();

  constructor(readEvents: ReadEvents, toStoredRun: (row: Row) => StoredRun) {
    this.#readEvents = readEvents;
    this.#toStoredRun = toStoredRun;
  }

  /** Serves other requests between runs. */
  async addTo(rows: readonly Row[], signal: AbortSignal): Promise<ListedRun[]> {
    const runs: ListedRun[] = [];
    for (const row of rows) {
      signal.throwIfAborted();
      const isNew = row.outcome !== null && !this.#known.has(row.key);
      runs.push({ ...this.#toStoredRun(row), headline: row.outcome === null ? null : await this.#of(row) });
      if (isNew) await setImmediate();
    }
    return runs;
  }

  async #of({ key, id }: Keyed): Promise<string | null> {
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const headline = await this.#read(key, id);
    if (this.#known.size >= KEPT) this.#known.clear();
    this.#known.set(key, headline);
    return headline;
  }

  /** Null for a run that is too large or has a damaged event: its page says so. */
  async #read(key: number, id: string): Promise<string | null> {
    const rows = await this.#readEvents(key);
    if (rows.length === 0 || rows.length > HEADLINE_EVENTS_LIMIT) return null;
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
