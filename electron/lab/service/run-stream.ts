import { setTimeout as delay } from "node:timers/promises";
import { EVENT_BATCH_LIMIT, type SkippedProgress, type StreamItem, type StreamMessage } from "../../contract/events.ts";
import { type LabEvent, priorityOf } from "../events/lab-event.ts";
import type { Archive } from "./archive.ts";
import type { RunFeed } from "./run-feed.ts";
import type { OpenStream, StreamBook } from "./stream-book.ts";

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
  let lastSeq = feed?.lastSeq ?? archive.get(runId).lastSeq;
  stream.behind = () => Math.max(0, (feed?.lastSeq ?? lastSeq) - cursor);
  while (cursor < lastSeq || (feed !== undefined && !feed.hasEnded)) {
    if (feed !== undefined && cursor >= feed.lastSeq) {
      await feed.next(signal);
      await delay(GATHER_MS, undefined, { signal }).catch(() => {});
    }
    const message = await stream.credit.next(signal);
    lastSeq = feed?.lastSeq ?? lastSeq;
    const isUnderPressure = feed !== undefined && lastSeq - cursor > PRESSURE_BEHIND;
    const events = isUnderPressure || feed === undefined ? PAGE : EVENT_BATCH_LIMIT;
    const page = feed?.after(cursor, events) ?? fromHistory(archive, runId, cursor, events, feed, book);
    if (page.length === 0) return;
    const items = toItems(page, isUnderPressure);
    const last = items.at(-1);
    cursor = last === undefined ? cursor : seqOf(last);
    for (const item of items) if (item.type === "skipped") book.progressSkipped += item.toSeq - item.fromSeq + 1;
    yield { type: "run", message, items, lastSeq };
  }
}

function fromHistory(
  archive: Archive,
  runId: string,
  afterSeq: number,
  limit: number,
  feed: RunFeed | undefined,
  book: StreamBook,
): LabEvent[] {
  if (feed !== undefined) book.fedFromHistory++;
  return archive.events({ runId, afterSeq, limit }).events;
}

/** A batch of what comes next, log lines and other progress merged into notices if the window cannot keep up. */
function toItems(events: readonly LabEvent[], isUnderPressure: boolean): StreamItem[] {
  const items: StreamItem[] = [];
  for (const event of events) {
    if (!isUnderPressure || priorityOf(event) === "essential") {
      if (items.length === EVENT_BATCH_LIMIT) break;
      items.push(event);
      continue;
    }
    const last = items.at(-1);
    if (last?.type === "skipped") count(last, event);
    else if (items.length === EVENT_BATCH_LIMIT) break;
    else items.push(count({ type: "skipped", fromSeq: event.seq, toSeq: event.seq, atMs: 0, lines: {} }, event));
  }
  return items;
}

function count(skipped: SkippedProgress, event: LabEvent): SkippedProgress {
  skipped.toSeq = event.seq;
  skipped.atMs = event.atMs;
  if ("service" in event) skipped.lines[event.service] = (skipped.lines[event.service] ?? 0) + 1;
  return skipped;
}

function seqOf(item: StreamItem): number {
  return item.type === "skipped" ? item.toSeq : item.seq;
}
