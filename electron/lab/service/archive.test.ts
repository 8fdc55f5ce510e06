import { join } from "node:path";
import Database from "better-sqlite3";
import { beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { decided, eventAt, eventsOf, passed, sampleRun, started } from "../../testing/sample-events.ts";
import { temporaryFolder } from "../../testing/temporary-folder.ts";
import type { LabEvent } from "../events/lab-event.ts";
import { Arrivals } from "../history/arrivals.ts";
import { History } from "../history/history.ts";
import { thisProcess } from "../stack/process-identity.ts";
import { Archive } from "./archive.ts";
import { Preferences } from "./preferences.ts";

let history: History;
let preferences: Preferences;
let archive: Archive;

beforeEach(() => {
  const folder = temporaryFolder();
  history = new History(join(folder, "history.db"), thisProcess);
  preferences = new Preferences(join(folder, "preferences.db"));
  archive = new Archive(join(folder, "history.db"), history, preferences);
  onTestFinished(() => {
    archive.close();
    preferences.close();
    history.close();
  });
});

const idOf = (index: number) => `00000000-0000-4000-8000-${String(index).padStart(12, "0")}`;

function add(
  index: number,
  run: { scenarioId?: string; title?: string; events?: (id: string) => LabEvent[] } = {},
): string {
  const {
    scenarioId = "mcp-crash",
    title = "The server crashes",
    events = (id) => eventsOf([started, passed], id),
  } = run;
  const id = idOf(index);
  history.begin({
    id,
    scenarioId,
    scenarioTitle: title,
    scenarioSource: "source",
    driver: "process",
    without: [],
    startedWallMs: 1_000 * index,
  });
  for (const event of events(id)) history.record(event);
  return id;
}

const idsOf = (filter: Parameters<Archive["list"]>[0]) => archive.list(filter, 1_000).runs.map(({ id }) => id);

test("the history is given page by page, newest first, and says how many there are in all", () => {
  for (let index = 1; index <= 7; index++) add(index);
  const first = archive.list({ limit: 3 }, 1_000);
  expect(first.runs.map(({ id }) => id)).toEqual([idOf(7), idOf(6), idOf(5)]);
  expect(first).toMatchObject({ hasMore: true, matching: 7, retention: { runs: 7, pinned: 0, limit: 1_000 } });
  expect(idsOf({ limit: 3, before: idOf(5) })).toEqual([idOf(4), idOf(3), idOf(2)]);
  expect(archive.list({ limit: 3, before: idOf(2) }, 1_000)).toMatchObject({ hasMore: false, matching: 7 });
});

test("it is filtered by scenario, outcome, pin and text, in which % and _ mean themselves", () => {
  add(1, { scenarioId: "retry-storm", title: "100% of retries" });
  add(2, { scenarioId: "mcp-crash", title: "1000 retries" });
  preferences.pin(idOf(2), true);
  expect(idsOf({ scenarioId: "retry-storm" })).toEqual([idOf(1)]);
  expect(idsOf({ outcome: "passed" })).toEqual([idOf(2), idOf(1)]);
  expect(idsOf({ outcome: "failed" })).toEqual([]);
  expect(idsOf({ text: "RETRIES" })).toEqual([idOf(2), idOf(1)]);
  expect(idsOf({ text: "100%" })).toEqual([idOf(1)]);
  expect(idsOf({ text: "1_0" })).toEqual([]);
  expect(idsOf({ pinned: true })).toEqual([idOf(2)]);
  expect(idsOf({ pinned: false })).toEqual([idOf(1)]);
});

test("what is deleted is gone with its events; what is pinned or on stays, with the reason", async () => {
  const [gone, pinned, on] = [add(1), add(2), add(3)] as [string, string, string];
  preferences.pin(pinned, true);
  const report = await archive.delete([gone, pinned, on], (id) => id === on);
  expect(report.deleted).toEqual([gone]);
  expect(report.kept).toEqual([
    { runId: pinned, because: "it is pinned" },
    { runId: on, because: "it is on" },
  ]);
  expect(() => archive.get(gone)).toThrow("no run has the id");
  expect([...history.events(gone)]).toEqual([]);
});

test("a run of which events still wait for the disk is kept, since they could not be written without it", async () => {
  const [whole, waiting] = [add(1), add(2)];
  vi.spyOn(history.durability, "firstUnsaved").mockImplementation((runId) => (runId === waiting ? 2 : undefined));
  expect(await archive.delete([whole, waiting], () => false)).toEqual({
    deleted: [whole],
    kept: [{ runId: waiting, because: "it is not all saved yet" }],
  });
});

test("beyond the limit the oldest go, pinned ones excepted", async () => {
  for (let index = 1; index <= 10; index++) add(index);
  preferences.pin(idOf(1), true);
  expect(await archive.trim(4)).toBe(5);
  expect(idsOf({})).toEqual([idOf(10), idOf(9), idOf(8), idOf(7), idOf(1)]);
});

test("what a lab did not live to remove is gone for everybody, takes no place from a later run, and goes at the next start", async () => {
  const [kept, gone] = [add(1), add(2, { events: sampleRun })] as [string, string];
  const removing = archive.delete([gone], () => false);
  // As if it died now: nothing after the first transaction is done.
  archive.close();
  expect(await removing).toEqual({ deleted: [gone], kept: [] });
  expect(history.has(gone)).toBe(false);
  const later = add(3);
  expect([...history.events(later)].map(({ type }) => type)).toEqual(["run.started", "run.ended"]);
  expect(await history.endOrphans()).toBe(0);
  expect([...history.events(later)]).toHaveLength(2);
  const rows = new Database(history.file, { readonly: true });
  expect(rows.prepare("SELECT count(*) FROM events").pluck().get()).toBe(4);
  rows.close();
  expect(history.list({ limit: 10 }).map(({ id }) => id)).toEqual([later, kept]);
});

test("on a full disk every run is read, the one that is on with what waits to be written", async () => {
  const [old, on] = [add(1, { events: sampleRun }), add(2, { events: (id) => sampleRun(id).slice(0, 3) })];
  history.flush();
  const filling = new Database(history.file);
  filling.exec(
    "CREATE TRIGGER full BEFORE INSERT ON events BEGIN SELECT raise(ABORT, 'database or disk is full'); END",
  );
  for (const event of sampleRun(on).slice(3, 6)) history.record(event);
  const page = { afterSeq: 0, limit: 100, types: undefined, service: undefined };
  expect((await archive.events({ runId: old, ...page })).events).toEqual(sampleRun(old));
  expect((await archive.events({ runId: on, ...page })).events).toEqual(sampleRun(on).slice(0, 6));
  expect(archive.entries(on, 2, 3).map(({ seq }) => seq)).toEqual([3, 4, 5]);
  expect([archive.lastSeq(on), archive.get(old).events]).toEqual([6, sampleRun(old).length]);
  expect((await archive.laneSummary(old)).lastSeq).toBe(sampleRun(old).length);
  expect((await archive.approvals(10, Number.MAX_SAFE_INTEGER)).decided).toHaveLength(1);
  filling.exec("DROP TRIGGER full");
  filling.close();
});

test("a run that was imported has been here since then, however long ago it happened", async () => {
  for (let index = 2; index <= 6; index++) add(index);
  const arrivals = new Arrivals(history);
  const id = idOf(1);
  const record = {
    id,
    scenarioId: "mcp-crash",
    scenarioTitle: "t",
    scenarioSource: "",
    driver: "process",
    without: [],
  };
  arrivals.begin({ ...record, startedWallMs: 1_000, outcome: "passed", reason: "", durationMs: 1 });
  for (const event of eventsOf([started, passed], id)) arrivals.stage(event);
  await arrivals.commit("bundle.zip", 10_000);
  arrivals.close();
  expect(await archive.trim(3)).toBe(3);
  expect(idsOf({})).toEqual([idOf(6), idOf(5), id]);
});

test("events are read in pages, also of one type and of one service", async () => {
  const id = add(1, { events: sampleRun });
  const all = sampleRun(id);
  const page = (more: object) =>
    archive.events({ runId: id, afterSeq: 0, limit: 2_000, types: undefined, service: undefined, ...more });
  expect((await page({})).events).toEqual(all);
  expect(await page({ afterSeq: 3, limit: 4 })).toEqual({
    events: all.slice(3, 7),
    hasMore: true,
    savedSeq: all.length,
  });
  expect((await page({ types: ["service.log"] })).events.map(({ type }) => type)).toEqual(["service.log"]);
  expect((await page({ service: "gateway" })).events.every((event) => "service" in event)).toBe(true);
  expect((await page({ types: ["no.such"] })).events).toEqual([]);
});

test("a stream says of each event what was recorded of it, whatever is in it", () => {
  const id = add(1, {
    events: (run) => [
      ...sampleRun(run).slice(0, -1),
      eventAt(
        sampleRun(run).length,
        { type: "warning", code: "c", message: 'quotes ", back\\slashes, , commas and \u2028 \u{1f600} \u0000' },
        run,
      ),
      { ...eventAt(sampleRun(run).length + 1, passed, run), atMs: 1_234_567.891 },
    ],
  });
  const entries = archive.entries(id, 2, 100);
  expect(entries.map(({ text }) => JSON.parse(text))).toEqual([...history.events(id)].slice(2));
  expect(entries.map(({ seq }) => seq)).toEqual(
    Array.from({ length: sampleRun().length - 1 }, (_, index) => index + 3),
  );
  expect(archive.entries(id, 3, 2).map(({ seq }) => seq)).toEqual([4, 5]);
  expect(archive.entries(id, sampleRun().length + 1, 2)).toEqual([]);
  expect(() => archive.entries(idOf(9), 0, 2)).toThrow("no run has the id");
});

test.each(["{", "[]", "1", ""])(
  "an event whose body is damaged to %j is named, and nothing of its batch is sent",
  (body) => {
    const id = add(1, { events: sampleRun });
    const damaging = new Database(history.file);
    damaging.prepare("UPDATE events SET body = ? WHERE seq = 4").run(body);
    damaging.close();
    expect(() => archive.entries(id, 0, 100)).toThrow(`event 4 of run ${id} is damaged in the history`);
  },
);

test("the lanes of a run count once every event that is drawn by itself, in the slice of time that it fell in", async () => {
  const id = add(1, { events: sampleRun });
  const summary = await archive.laneSummary(id);
  const all = sampleRun(id);
  expect(summary).toMatchObject({ lastSeq: all.length, lastMs: all.at(-1)?.atMs });
  const drawn = all.filter(({ type }) => !["run.started", "run.ended", "call.ended"].includes(type)).length;
  expect(summary.lanes.reduce((sum, { events }) => sum + events, 0)).toBe(drawn);
  for (const { events, buckets } of summary.lanes) {
    expect(buckets.reduce((sum, [, count]) => sum + count, 0)).toBe(events);
    expect(buckets.every(([bucket]) => bucket >= 0 && bucket < 240)).toBe(true);
  }
  expect(summary.lanes).toContainEqual(expect.objectContaining({ lane: "calls", name: "expired", events: 1 }));
  expect(summary.lanes).toContainEqual(expect.objectContaining({ lane: "health", name: "gateway", events: 1 }));
});

test("decisions on approvals are found in every run, with when they were asked for", async () => {
  const asked = { tool: "create_refund", callId: "call-7", arguments: { charge_id: "ch_1" } };
  add(1, {
    events: (id) =>
      eventsOf(
        [
          started,
          decided({ ...asked, decision: "approvalRequired", decidedWallMs: 500 }),
          decided({ ...asked, rowId: "2", decision: "denied", reason: "denied by ana", decidedWallMs: 900 }),
          passed,
        ],
        id,
      ),
  });
  expect(await archive.approvals(10, Number.MAX_SAFE_INTEGER)).toEqual({
    decided: [
      expect.objectContaining({ callId: "call-7", result: "denied", requestedWallMs: 500, decidedWallMs: 900 }),
    ],
    hasMore: false,
  });
  expect((await archive.approvals(10, 900)).decided).toEqual([]);
});
