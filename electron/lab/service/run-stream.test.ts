import { join } from "node:path";
import Database from "better-sqlite3";
import { expect, onTestFinished, test, vi } from "vitest";
import type { RunProgress, StreamItem, StreamMessage } from "../../contract/events.ts";
import { foldItems } from "../../contract/fold-stream.ts";
import { eventAt, passed, started } from "../../testing/sample-events.ts";
import { temporaryFolder } from "../../testing/temporary-folder.ts";
import { emptyRunView } from "../events/fold.ts";
import type { LabEvent, LabEventBody } from "../events/lab-event.ts";
import { History } from "../history/history.ts";
import { thisProcess } from "../stack/process-identity.ts";
import { Archive } from "./archive.ts";
import { Credit, FIRST_WINDOW } from "./credit.ts";
import { fillIn } from "./json-text.ts";
import { Preferences } from "./preferences.ts";
import { RunFeed } from "./run-feed.ts";
import { runStream } from "./run-stream.ts";
import { type OpenStream, StreamBook } from "./stream-book.ts";

const RUN = "run-1";
const MANY = 200_000;

interface Recorded {
  history: History;
  archive: Archive;
  feed: RunFeed;
  book: StreamBook;
  append: (event: LabEvent) => void;
}

/** A run that is on, recorded and told as the engine does. */
function liveRun(): Recorded {
  const folder = temporaryFolder();
  const history = new History(join(folder, "history.db"), thisProcess);
  const preferences = new Preferences(join(folder, "preferences.db"));
  const archive = new Archive(join(folder, "history.db"), history, preferences);
  onTestFinished(() => {
    archive.close();
    preferences.close();
    history.close();
  });
  history.begin({
    id: RUN,
    scenarioId: "mcp-crash",
    scenarioTitle: "The MCP server crashes",
    scenarioSource: "",
    driver: "process",
    without: [],
    startedWallMs: 0,
  });
  const feed = new RunFeed(RUN, history.durability);
  const append = (event: LabEvent) => {
    history.record(event);
    feed.append(event);
  };
  // As RunFeeds does for all of them.
  history.durability.onAttempt(() => feed.wake());
  return { history, archive, feed, book: new StreamBook(), append };
}

function open({ history, archive, feed, book }: Recorded, afterSeq = 0, live = true) {
  const { durability } = history;
  const stream: OpenStream = { credit: new Credit(), behind: () => 0 };
  const stop = new AbortController();
  const messages = runStream(
    { runId: RUN, afterSeq, feed: live ? feed : undefined, archive, durability, book },
    stream,
    stop.signal,
  );
  return { stream, stop, messages };
}

/** One log line in ten is something that a view depends on. */
function bodyAt(seq: number, last: number): LabEventBody {
  if (seq === 1) return started;
  if (seq === last) return passed;
  if (seq % 10 === 0) return { type: "warning", code: "test", message: String(seq) };
  return { type: "service.log", service: "gateway", stream: "stdout", line: `line ${seq}` };
}

async function readAll(opened: ReturnType<typeof open>): Promise<StreamMessage[]> {
  const messages: StreamMessage[] = [];
  for await (const message of opened.messages) {
    messages.push(message);
    opened.stream.credit.acknowledge(message.message);
  }
  return messages;
}

const itemsOf = (messages: readonly StreamMessage[]) =>
  messages.flatMap((message) => (onTheWire(message) as { items: StreamItem[] }).items);

/** As a window reads it. */
const onTheWire = (message: StreamMessage): unknown => JSON.parse(fillIn(JSON.stringify(message)));

test.each([true, false])("a window that goes while nothing happens ends its stream (run on here: %s)", async (live) => {
  const run = liveRun();
  run.append(eventAt(1, bodyAt(1, 2), RUN));
  run.history.settle();
  // Of a run that another lab has on nothing more is told here, so that the stream waits for the disk.
  if (!live) vi.spyOn(run.history.durability, "firstUnsaved").mockReturnValue(2);
  const opened = open(run, 0, live);
  const reading = readAll(opened);
  await expect.poll(() => opened.stream.credit.unacknowledged).toBe(0);
  const gone = new Error("the window has gone");
  opened.stop.abort(gone);
  await expect(reading).rejects.toBe(gone);
});

test("a window that has stopped reading is sent a few batches and costs nothing more", async () => {
  const run = liveRun();
  const opened = open(run);
  for (let seq = 1; seq <= MANY; seq++) run.append(eventAt(seq, bodyAt(seq, MANY), RUN));
  const received: StreamMessage[] = [];
  const reading = (async () => {
    for await (const message of opened.messages) received.push(message);
  })();
  await expect.poll(() => opened.stream.credit.unacknowledged).toBe(FIRST_WINDOW);
  expect(received.length).toBeLessThanOrEqual(FIRST_WINDOW);
  expect(itemsOf(received).length).toBeLessThanOrEqual(FIRST_WINDOW * 256);
  expect(run.feed.after(0, 1)).toBeUndefined();
  opened.stop.abort(new Error("the window has gone"));
  await reading.catch(() => {});
});

test("a slow reader of 200,000 events gets every one that a view depends on, in order, the rest by number", async () => {
  const run = liveRun();
  const opened = open(run);
  const reading = readAll(opened);
  for (let seq = 1; seq <= MANY; seq++) {
    run.append(eventAt(seq, bodyAt(seq, MANY), RUN));
    if (seq % 50_000 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  const messages = await reading;
  for (const message of messages) expect(itemsOf([message]).length).toBeLessThanOrEqual(256);
  const view = foldItems(emptyRunView, itemsOf(messages));
  expect(view.seq).toBe(MANY);
  expect(view.warnings.length).toBe(MANY / 10 - 1);
  expect(view.ended?.outcome).toBe("passed");
  const logs = view.logs.gateway ?? { lines: 0, dropped: 0 };
  expect(logs.dropped).toBeGreaterThan(0);
  expect(logs.lines + logs.dropped).toBe(MANY - MANY / 10 - 1);
  expect(run.book.progressSkipped).toBe(logs.dropped);
  expect(run.book.fedFromHistory).toBeGreaterThan(0);
});

test("a reader that keeps up is spared nothing", async () => {
  const run = liveRun();
  const opened = open(run);
  const reading = readAll(opened);
  for (let seq = 1; seq <= 3_000; seq++) {
    run.append(eventAt(seq, bodyAt(seq, 3_000), RUN));
    if (seq % 200 === 0) await expect.poll(() => opened.stream.behind(), { interval: 5 }).toBe(0);
  }
  const items = itemsOf(await reading);
  expect(items.length).toBe(3_000);
  expect(run.book.progressSkipped).toBe(0);
});

test("a stream goes on from the last number seen", async () => {
  const run = liveRun();
  for (let seq = 1; seq <= 500; seq++) run.append(eventAt(seq, bodyAt(seq, 1_000), RUN));
  const first = open(run);
  const { value } = await first.messages.next();
  await first.messages.return();
  const seen = itemsOf(value === undefined ? [] : [value]);
  for (let seq = 501; seq <= 1_000; seq++) run.append(eventAt(seq, bodyAt(seq, 1_000), RUN));
  const rest = itemsOf(await readAll(open(run, seen.length)));
  const view = foldItems(foldItems(emptyRunView, seen), rest);
  expect(view.seq).toBe(1_000);
  expect(view.ended?.outcome).toBe("passed");
});

test("a run that ends while a window is being sent all that there was is told to its end", async () => {
  const run = liveRun();
  for (let seq = 1; seq <= 10; seq++) run.append(eventAt(seq, bodyAt(seq, 20), RUN));
  run.history.flush();
  const opened = open(run);
  const { value } = await opened.messages.next();
  for (let seq = 11; seq <= 20; seq++) run.append(eventAt(seq, bodyAt(seq, 20), RUN));
  const items = [...itemsOf(value === undefined ? [] : [value]), ...itemsOf(await readAll(opened))];
  expect(items.map((item) => (item.type === "skipped" ? item.toSeq : item.seq))).toEqual(
    Array.from({ length: 20 }, (_, at) => at + 1),
  );
});

test("a run of the past is given whole, and its stream ends by itself", async () => {
  const run = liveRun();
  for (let seq = 1; seq <= 5_000; seq++) run.append(eventAt(seq, bodyAt(seq, 5_000), RUN));
  const items = itemsOf(await readAll(open(run, 0, false)));
  expect(items.length).toBe(5_000);
  expect(items.some(({ type }) => type === "skipped")).toBe(false);
});

/** Reads as a window does; what it has come to know by the newest message. */
function reader(opened: ReturnType<typeof open>) {
  const seqs: number[] = [];
  let progress: RunProgress = { lastSeq: 0, savedSeq: 0, unsaved: null };
  const ended = (async () => {
    for await (const message of opened.messages) {
      const { items, ...rest } = onTheWire(message) as Extract<StreamMessage, { type: "run" }>;
      for (const item of items) seqs.push(item.type === "skipped" ? item.toSeq : item.seq);
      progress = rest;
      opened.stream.credit.acknowledge(message.message);
    }
  })();
  return { seqs, ended, progress: () => progress };
}

/** Keeps everyone from writing, as another process does that is writing. */
function lock(run: Recorded): () => void {
  const other = new Database(run.history.file);
  other.exec("BEGIN IMMEDIATE");
  return () => void other.close();
}

test("what cannot be written is told as not saved, and why; once it can, as saved, and the run's end only then", async () => {
  const run = liveRun();
  const window = reader(open(run));
  const add = (from: number, to: number) => {
    for (let seq = from; seq <= to; seq++) run.append(eventAt(seq, bodyAt(seq, 16), RUN));
  };
  add(1, 10);
  await expect.poll(() => window.progress()).toMatchObject({ savedSeq: 10, unsaved: null });
  const unlock = lock(run);
  add(11, 15);
  await expect.poll(() => window.seqs.at(-1)).toBe(15);
  expect(window.progress()).toMatchObject({ savedSeq: 10, unsaved: { reason: expect.stringContaining("is locked") } });
  expect(() => add(16, 16)).toThrow("is locked");
  run.feed.abandon();
  unlock();
  await window.ended;
  expect(window.seqs).toEqual(Array.from({ length: 16 }, (_, at) => at + 1));
  expect(window.progress()).toMatchObject({ savedSeq: 16, unsaved: null });
});

test("of a run that a window opens when its end could not be written yet, it is told the end as soon as it is", async () => {
  const run = liveRun();
  for (let seq = 1; seq <= 15; seq++) run.append(eventAt(seq, bodyAt(seq, 16), RUN));
  const unlock = lock(run);
  expect(() => run.append(eventAt(16, passed, RUN))).toThrow("is locked");
  const window = reader(open(run, 0, false));
  await expect.poll(() => window.progress()).toMatchObject({ savedSeq: 0, unsaved: {} });
  expect(window.seqs).toHaveLength(15);
  unlock();
  await window.ended;
  expect(window.seqs.at(-1)).toBe(16);
  expect(window.progress()).toMatchObject({ savedSeq: 16, unsaved: null });
});
