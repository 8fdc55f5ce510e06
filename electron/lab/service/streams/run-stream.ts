import {
  EVENT_BATCH_LIMIT,
  type RunProgress,
  type SkippedProgress,
  type StreamItem,
  type StreamMessage,
} from "../../../contract/events.ts";
import type { RunStore } from "../../history/run-store.ts";
import type { StreamEntry } from "../../history/stream-entry.ts";
import type { Durability } from "../../history/write-queue.ts";
import type { JsonTexts } from "./json-texts.ts";
import type { RunFeed } from "./run-feed.ts";
import type { OpenStream, StreamRegistry } from "./stream-registry.ts";

/** A live stream further behind than this is spared progress events, until it has caught up. */
const PRESSURE_BEHIND = 2_048;
/** Events read at once: more than a batch, since under pressure most of them are skipped, and each read asks another thread. */
const PAGE = 1_024;

export interface RunStreamParts {
  runId: string;
  afterSeq: number;
  /** Absent for a run that is not on: all of it is in the history. */
  feed: RunFeed | undefined;
  history: RunStore;
  registry: StreamRegistry;
  /** Of the connection that the messages go over. */
  texts: JsonTexts;
}

/**
 * A run's log from a number to its end. It is pulled: all that is held for a window is how far it has come, and of the
 * history two pages at most, so that one that reads slowly costs next to nothing, and goes on from the memory that all windows
 * share, or from the history. An event is told once it is on disk, or once it is known that it cannot be written now; the
 * window is told which.
 * @throws the signal's reason once the window has gone
 */
export async function* runStream(
  { runId, afterSeq, feed: live, history, registry, texts }: RunStreamParts,
  stream: OpenStream,
  signal: AbortSignal,
): AsyncGenerator<StreamMessage, void> {
  const { durability } = history;
  let feed = live;
  let cursor = afterSeq;
  let told: RunProgress | undefined;
  /** Of the history, read for this batch and the next ones. */
  const pages = new PagesAhead((after) => history.entries(runId, after, Math.min(PAGE, progress.lastSeq - after)));
  /** Nothing of the run waited to be written before it was looked how many events the history has. */
  let isWhole = false;
  let progress = feed === undefined ? await progressOfHistory() : progressOf(feed.readySeq);
  stream.behind = () => Math.max(0, (feed?.lastSeq ?? progress.lastSeq) - cursor);
  for (;;) {
    // Waiting ends at once for a window that has gone, so that without this the loop would never let go of the thread.
    signal.throwIfAborted();
    // It may have come on, and to its end, while the window was being sent the message before.
    if (isAllSent()) progress = feed === undefined ? await progressOfHistory() : progressOf(feed.readySeq);
    if (isAllSent()) {
      if (feed?.isAbandoned === true) feed = undefined;
      else if (feed?.hasEnded ?? isWhole) return;
      // Looked at again if it is whole by now: its end may have been written since it was looked at.
      else if (feed !== undefined) await feed.next(signal);
      else if (durability.firstUnsaved(runId) !== undefined) await nextAttempt(durability, signal);
      continue;
    }
    const message = await stream.credit.next(signal);
    if (feed !== undefined) progress = progressOf(feed.readySeq);
    const isUnderPressure = feed !== undefined && progress.lastSeq - cursor > PRESSURE_BEHIND;
    const limit = Math.min(isUnderPressure ? PAGE : EVENT_BATCH_LIMIT, progress.lastSeq - cursor);
    let page = feed?.after(cursor, limit);
    if (page === undefined) {
      if (feed !== undefined) registry.fedFromHistory++;
      page = await pages.after(cursor, limit, progress.lastSeq);
    }
    if (page.length === 0 && limit > 0) return;
    const batch = toBatch(page, isUnderPressure);
    if (page.length > 0) cursor = batch.lastSeq;
    registry.progressSkipped += batch.skipped;
    told = progress;
    const items = texts.asValue<StreamItem[]>(`[${batch.texts.join(",")}]`);
    yield { type: "run", message, items, ...progress };
  }

  function isAllSent(): boolean {
    return cursor >= progress.lastSeq && told !== undefined && isSame(told, progress);
  }

  async function progressOfHistory(): Promise<RunProgress> {
    isWhole = durability.firstUnsaved(runId) === undefined;
    return progressOf(await history.lastSeq(runId));
  }

  function progressOf(readySeq: number): RunProgress {
    // Told in trouble of what was not saved, a window is not told less once it is over, while the latest are being written.
    const lastSeq = Math.max(readySeq, told?.lastSeq ?? 0);
    const firstUnsaved = durability.firstUnsaved(runId);
    if (firstUnsaved === undefined) return { lastSeq, savedSeq: lastSeq, unsaved: null };
    return { lastSeq, savedSeq: Math.min(lastSeq, firstUnsaved - 1), unsaved: durability.failure ?? null };
  }
}

/**
 * The events of a run in pages, each of which another thread reads while the one before is sent: at most two are held.
 */
class PagesAhead {
  readonly #read: (after: number) => Promise<StreamEntry[]>;
  #page: StreamEntry[] = [];
  #next: { after: number; page: Promise<StreamEntry[]> } | undefined;

  constructor(read: (after: number) => Promise<StreamEntry[]>) {
    this.#read = read;
  }

  /** Up to a limit of those after a number; `lastSeq` is that of the last one that can be read. */
  async after(cursor: number, limit: number, lastSeq: number): Promise<StreamEntry[]> {
    let from = this.#page.findIndex(({ seq }) => seq > cursor);
    if (this.#page[from]?.seq !== cursor + 1) {
      const page = this.#next?.after === cursor ? this.#next.page : this.#read(cursor);
      this.#next = undefined;
      this.#page = await page;
      from = 0;
      const end = this.#page.at(-1)?.seq ?? lastSeq;
      if (end < lastSeq) {
        this.#next = { after: end, page: this.#read(end) };
        // Of a window that goes before it needs this page.
        this.#next.page.catch(() => {});
      }
    }
    return this.#page.slice(from, from + limit);
  }
}

function isSame(a: RunProgress, b: RunProgress): boolean {
  return a.savedSeq === b.savedSeq && a.unsaved?.sinceWallMs === b.unsaved?.sinceWallMs;
}

function nextAttempt(durability: Durability, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      forget();
      signal.removeEventListener("abort", done);
      resolve();
    };
    const forget = durability.onAttempt(done);
    signal.addEventListener("abort", done, { once: true });
    if (signal.aborted) done();
  });
}

interface Batch {
  texts: string[];
  lastSeq: number;
  skipped: number;
}

/** What comes next, log lines and other progress merged into notices if the window cannot keep up. */
function toBatch(entries: readonly StreamEntry[], isUnderPressure: boolean): Batch {
  const batch: Batch = { texts: [], lastSeq: 0, skipped: 0 };
  let notice: SkippedProgress | undefined;
  const endNotice = () => {
    if (notice !== undefined) batch.texts.push(JSON.stringify(notice));
    notice = undefined;
  };
  for (const entry of entries) {
    const isSkipped = isUnderPressure && entry.isProgress;
    const isFull = batch.texts.length + (notice === undefined ? 0 : 1) === EVENT_BATCH_LIMIT;
    if (isFull && !(isSkipped && notice !== undefined)) break;
    if (isSkipped) {
      notice = count(notice, entry);
      batch.skipped++;
    } else {
      endNotice();
      batch.texts.push(entry.text);
    }
    batch.lastSeq = entry.seq;
  }
  endNotice();
  return batch;
}

function count(notice: SkippedProgress | undefined, { seq, atMs, service }: StreamEntry): SkippedProgress {
  const { fromSeq, lines } = notice ?? { fromSeq: seq, lines: {} as Record<string, number> };
  return { type: "skipped", fromSeq, toSeq: seq, atMs, lines: { ...lines, [service]: (lines[service] ?? 0) + 1 } };
}
