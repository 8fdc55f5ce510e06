import { setTimeout as delay } from "node:timers/promises";
import { EVENT_BATCH_LIMIT, type SkippedProgress, type StreamItem, type StreamMessage } from "../../contract/events.ts";
import type { Archive } from "./archive.ts";
import { JsonText } from "./json-text.ts";
import type { RunFeed } from "./run-feed.ts";
import type { OpenStream, StreamBook } from "./stream-book.ts";
import type { StreamEntry } from "./stream-entry.ts";

/** A live stream further behind than this is spared progress events, until it has caught up. */
const PRESSURE_BEHIND = 2_048;
/** Events read at once: more than a batch, since under pressure most of them are skipped. */
const PAGE = 1_024;
/** What happens within this time after an event goes with it. */
const GATHER_MS = 8;

export interface RunStreamParts {
  runId: string;
  afterSeq: number;
  /** Absent for a run that is not on: all of it is in the history. */
  feed: RunFeed | undefined;
  archive: Archive;
  book: StreamBook;
}

/**
 * A run's log from a number to its end. It is pulled: the only thing held for a window is how far it has come, so one
 * that reads slowly costs nothing, and goes on from the memory that all windows share, or from the history.
 */
export async function* runStream(
  { runId, afterSeq, feed, archive, book }: RunStreamParts,
  stream: OpenStream,
  signal: AbortSignal,
): AsyncGenerator<StreamMessage, void> {
  let cursor = afterSeq;
  let lastSeq = feed?.lastSeq ?? archive.lastSeq(runId);
  stream.behind = () => Math.max(0, (feed?.lastSeq ?? lastSeq) - cursor);
  while (cursor < lastSeq || (feed !== undefined && !feed.hasEnded)) {
    if (feed !== undefined && cursor >= feed.lastSeq) {
      await feed.next(signal);
      const isBatchFull = feed.lastSeq - cursor >= EVENT_BATCH_LIMIT;
      if (!isBatchFull) await delay(GATHER_MS, undefined, { signal }).catch(() => {});
    }
    const message = await stream.credit.next(signal);
    lastSeq = feed?.lastSeq ?? lastSeq;
    const isUnderPressure = feed !== undefined && lastSeq - cursor > PRESSURE_BEHIND;
    const limit = isUnderPressure ? PAGE : EVENT_BATCH_LIMIT;
    let page = feed?.after(cursor, limit);
    if (page === undefined) {
      if (feed !== undefined) book.fedFromHistory++;
      page = archive.entries(runId, cursor, limit);
    }
    if (page.length === 0) return;
    const batch = toBatch(page, isUnderPressure);
    cursor = batch.lastSeq;
    book.progressSkipped += batch.skipped;
    // Several times faster than having each event taken apart and put together again on its way to the wire.
    const items = new JsonText(`[${batch.texts.join(",")}]`) as unknown as StreamItem[];
    yield { type: "run", message, items, lastSeq };
  }
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
