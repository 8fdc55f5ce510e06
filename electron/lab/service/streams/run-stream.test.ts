import Database from "better-sqlite3";
import { expect, test, vi } from "vitest";
import type { RunProgress, StreamItem, StreamMessage } from "../../../contract/events.ts";
import type { LabEvent, LabEventBody } from "../../../model/lab-event.ts";
import { RunModel } from "../../../model/run-model.ts";
import { eventAt, passed, started } from "../../../testing/sample-events.ts";
import type { SqliteRunStore } from "../../history/sqlite/sqlite-run-store.ts";
import { openStore } from "../../history/testing/sqlite-under-test.ts";
import { Credit, FIRST_WINDOW } from "./credit.ts";
import { JsonTexts } from "./json-texts.ts";
import { RunFeed } from "./run-feed.ts";
import { runStream } from "./run-stream.ts";
import { type OpenStream, StreamRegistry } from "./stream-registry.ts";

const RUN = "run-1";
const MANY = 200_000;
/** Of the one window that all of these streams go to. */
const texts = new JsonTexts();

interface Recorded {
  history: SqliteRunStore;
  feed: RunFeed;
  registry: StreamRegistry;
  append: (event: LabEvent) => Promise<void>;
  /** Appends the events of such numbers, of a run of so many, as fast as they can be taken. */
  appendTo: (to: number, last: number, from?: number) => Promise<void>;
}

/** A run that is on, recorded and told as the engine does. */
async function liveRun(): Promise<Recorded> {
  const history = await openStore();
  await history.begin({
    id: RUN,
    scenarioId: "mcp-crash",
    scenarioTitle: "The MCP server crashes",
    scenarioSource: "",
    driver: "process",
    without: [],
    startedWallMs: 0,
  });
  const feed = new RunFeed(RUN, history.durability);
  const append = async (event: LabEvent) => {
    if (event.type === "run.ended") await history.end(event);
    else void history.append(event);
    feed.append(event);
  };
  // As RunFeeds does for all of them.
  history.durability.onAttempt(() => feed.wake());
  const appendTo = async (to: number, last: number, from = 1) => {
    for (let seq = from; seq <= to; seq++) {
      await append(eventAt(seq, bodyAt(seq, last), RUN));
      if (seq % 10_000 === 0) await history.flush();
    }
  };
  return { history, feed, registry: new StreamRegistry(), append, appendTo };
}

function open({ history, feed, registry }: Recorded, afterSeq = 0, live = true) {
  const stream: OpenStream = { credit: new Credit(), behind: () => 0 };
  const stop = new AbortController();
  const messages = runStream(
    { runId: RUN, afterSeq, feed: live ? feed : undefined, history, registry, texts },
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
const onTheWire = (message: StreamMessage): unknown => JSON.parse(texts.fillIn(JSON.stringify(message)));

test.each([true, false])("a window that goes while nothing happens ends its stream (run on here: %s)", async (live) => {
  const run = await liveRun();
  await run.appendTo(1, 2);
  await run.history.flush();
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
  const run = await liveRun();
  const opened = open(run);
  const appending = run.appendTo(MANY, MANY);
  const received: StreamMessage[] = [];
  const reading = (async () => {
    for await (const message of opened.messages) received.push(message);
  })();
  await expect.poll(() => opened.stream.credit.unacknowledged).toBe(FIRST_WINDOW);
  await appending;
  expect(received.length).toBeLessThanOrEqual(FIRST_WINDOW);
  expect(itemsOf(received).length).toBeLessThanOrEqual(FIRST_WINDOW * 256);
  expect(run.feed.after(0, 1)).toBeUndefined();
  opened.stop.abort(new Error("the window has gone"));
  await reading.catch(() => {});
});

function modelOf(items: readonly StreamItem[]): RunModel {
  const model = new RunModel();
  for (const item of items) {
    if (item.type === "skipped") model.skip(item);
    else model.take(item);
  }
  return model;
}

test("a slow reader of 200,000 events gets every one that a view depends on, in order, the rest by number", async () => {
  const run = await liveRun();
  const opened = open(run);
  const reading = readAll(opened);
  await run.appendTo(MANY, MANY);
  const messages = await reading;
  for (const message of messages) expect(itemsOf([message]).length).toBeLessThanOrEqual(256);
  const items = itemsOf(messages);
  const view = modelOf(items);
  expect(view.seq).toBe(MANY);
  expect(view.warnings.length).toBe(MANY / 10 - 1);
  expect(view.ended?.outcome).toBe("passed");
  const lines = items.filter(({ type }) => type === "service.log").length;
  const skipped = items.reduce((sum, item) => sum + (item.type === "skipped" ? (item.lines.gateway ?? 0) : 0), 0);
  expect(skipped).toBeGreaterThan(0);
  expect(lines + skipped).toBe(MANY - MANY / 10 - 1);
  expect(run.registry.progressSkipped).toBe(skipped);
  expect(run.registry.fedFromHistory).toBeGreaterThan(0);
});

test("a reader that keeps up is spared nothing", async () => {
  const run = await liveRun();
  const opened = open(run);
  const reading = readAll(opened);
  for (let seq = 1; seq <= 3_000; seq++) {
    await run.append(eventAt(seq, bodyAt(seq, 3_000), RUN));
    if (seq % 200 === 0) await expect.poll(() => opened.stream.behind(), { interval: 5 }).toBe(0);
  }
  const items = itemsOf(await reading);
  expect(items.length).toBe(3_000);
  expect(run.registry.progressSkipped).toBe(0);
});

test("a stream goes on from the last number seen", async () => {
  const run = await liveRun();
  await run.appendTo(500, 1_000);
  const first = open(run);
  const { value } = await first.messages.next();
  await first.messages.return();
  const seen = itemsOf(value === undefined ? [] : [value]);
  await run.appendTo(1_000, 1_000, 501);
  const rest = itemsOf(await readAll(open(run, seen.length)));
  const view = modelOf([...seen, ...rest]);
  expect(view.seq).toBe(1_000);
  expect(view.ended?.outcome).toBe("passed");
});

test("a run that ends while a window is being sent all that there was is told to its end", async () => {
  const run = await liveRun();
  await run.appendTo(10, 20);
  await run.history.flush();
  const opened = open(run);
  const { value } = await opened.messages.next();
  await run.appendTo(20, 20, 11);
  const items = [...itemsOf(value === undefined ? [] : [value]), ...itemsOf(await readAll(opened))];
  expect(items.map((item) => (item.type === "skipped" ? item.toSeq : item.seq))).toEqual(
    Array.from({ length: 20 }, (_, at) => at + 1),
  );
});

test("a run of the past is given whole, and its stream ends by itself", async () => {
  const run = await liveRun();
  await run.appendTo(5_000, 5_000);
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
  const run = await liveRun();
  const window = reader(open(run));
  await run.appendTo(10, 16);
  await expect.poll(() => window.progress()).toMatchObject({ savedSeq: 10, unsaved: null });
  const unlock = lock(run);
  await run.appendTo(15, 16, 11);
  await expect.poll(() => window.seqs.at(-1)).toBe(15);
  expect(window.progress()).toMatchObject({ savedSeq: 10, unsaved: { reason: expect.stringContaining("is locked") } });
  await expect(run.appendTo(16, 16, 16)).rejects.toThrow("is locked");
  run.feed.abandon();
  unlock();
  await window.ended;
  expect(window.seqs).toEqual(Array.from({ length: 16 }, (_, at) => at + 1));
  expect(window.progress()).toMatchObject({ savedSeq: 16, unsaved: null });
});

test("of a run that a window opens when its end could not be written yet, it is told the end as soon as it is", async () => {
  const run = await liveRun();
  const unlock = lock(run);
  await run.appendTo(15, 16);
  await expect(run.append(eventAt(16, passed, RUN))).rejects.toThrow("is locked");
  const window = reader(open(run, 0, false));
  await expect.poll(() => window.seqs.length).toBe(15);
  expect(window.progress()).toMatchObject({ savedSeq: 0, unsaved: { reason: expect.stringContaining("is locked") } });
  unlock();
  await window.ended;
  expect(window.seqs.at(-1)).toBe(16);
  expect(window.progress()).toMatchObject({ savedSeq: 16, unsaved: null });
});
