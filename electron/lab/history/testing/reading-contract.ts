import { describe, expect, test } from "vitest";
import { MANUAL_SCENARIO_ID } from "../../../contract/runs.ts";
import { ANNOTATION_LIMITS } from "../../../model/annotations.ts";
import { decided, eventAt, eventsOf, passed, sampleRun, started } from "../../../testing/sample-events.ts";
import type { RunStore } from "../run-store.ts";
import {
  appendAll,
  eventsIn,
  newRun,
  numbersTo,
  recordRun,
  recordShortRun,
  type StoreUnderTest,
  seqsIn,
} from "./store-under-test.ts";

const idsOf = async (store: RunStore, filter: Parameters<RunStore["list"]>[0]) =>
  (await store.list(filter)).runs.map(({ id }) => id);

const line = { type: "service.log", service: "gateway", stream: "stdout", line: "a line" } as const;

/** Finding and reading runs. */
export function describeReading(prepare: () => StoreUnderTest): void {
  describe("runs are found", () => {
    test("page by page, newest first, with their total number", async () => {
      const store = await prepare().open();
      for (const id of ["a", "b", "c", "d", "e", "f", "g"]) {
        await recordShortRun(store, id, { startedWallMs: id.charCodeAt(0) });
      }
      const first = await store.list({ limit: 3 });
      expect(first.runs.map(({ id }) => id)).toEqual(["g", "f", "e"]);
      expect(first).toMatchObject({ hasMore: true, matching: 7, retention: { runs: 7, pinned: 0 } });
      expect(first.retention.bytes).toBeGreaterThan(0);
      expect(await idsOf(store, { limit: 3, before: "e" })).toEqual(["d", "c", "b"]);
      expect(await store.list({ limit: 3, before: "b" })).toMatchObject({ hasMore: false, matching: 7 });
      await expect(store.list({ before: "nobody" })).rejects.toMatchObject({ code: "bad-input" });
    });

    test("with what happened in each, also where log lines lie between its events", async () => {
      const store = await prepare().open();
      await recordRun(store, "a", {
        events: eventsOf([started, line, line, decided({ decision: "deny" }), passed], "a"),
      });
      await store.begin(newRun("b"));
      await appendAll(store, eventsOf([started], "b"));
      const listed = (await store.list({})).runs.map(({ id, headline }) => [id, headline]);
      expect(Object.fromEntries(listed)).toEqual({ a: "list_recent_charges was denied by the policy", b: null });
    });

    test("by scenario, outcome, driver, pin and text, in which % and _ are literal", async () => {
      const store = await prepare().open();
      await recordShortRun(store, "a", {
        scenarioId: "retry-storm",
        scenarioTitle: "100% of retries",
        startedWallMs: 1,
      });
      await recordShortRun(store, "b", { scenarioTitle: "1000 retries", driver: "docker", startedWallMs: 2 });
      await store.pin("b", true);
      expect(await idsOf(store, { scenarioId: "retry-storm" })).toEqual(["a"]);
      expect(await idsOf(store, { outcome: "passed" })).toEqual(["b", "a"]);
      expect(await idsOf(store, { outcome: "failed" })).toEqual([]);
      expect(await idsOf(store, { driver: "docker" })).toEqual(["b"]);
      expect(await idsOf(store, { text: "RETRIES" })).toEqual(["b", "a"]);
      expect(await idsOf(store, { text: "100%" })).toEqual(["a"]);
      expect(await idsOf(store, { text: "1_0" })).toEqual([]);
      expect(await idsOf(store, { text: "every check" })).toEqual(["b", "a"]);
      expect(await idsOf(store, { pinned: true })).toEqual(["b"]);
      expect(await idsOf(store, { pinned: false })).toEqual(["a"]);
      expect((await store.lastVerdicts("retry-storm", 5)).map(({ id }) => id)).toEqual(["a"]);
      await store.begin(newRun("c", { scenarioId: "retry-storm", startedWallMs: 3 }));
      expect((await store.lastVerdicts("retry-storm", 5)).map(({ id }) => id)).toEqual(["a"]);
    });

    test("by the batch in which they were requested", async () => {
      const store = await prepare().open();
      const place = { number: 1, of: 2, showsFailure: false, isCompared: false, isPaced: false };
      await recordShortRun(store, "a", { startedWallMs: 1, batch: { ...place, id: "one" } });
      await recordShortRun(store, "b", { startedWallMs: 2, batch: { ...place, id: "one", number: 2 } });
      await recordShortRun(store, "c", { startedWallMs: 3, batch: { ...place, id: "another" } });
      await recordShortRun(store, "d", { startedWallMs: 4 });
      expect(await idsOf(store, { batchId: "one" })).toEqual(["b", "a"]);
      expect(await idsOf(store, { batchId: "none" })).toEqual([]);
    });

    test("by a tag, and by the text of names, tags and notes", async () => {
      const data = prepare();
      const store = await data.open();
      for (const id of ["a", "b"]) await recordShortRun(store, id, { startedWallMs: id === "a" ? 1 : 2 });
      const note = { id: "11111111-1111-4111-8111-111111111111", atMs: 90, text: "Watch\nthe 100% bar" };
      await store.annotate("a", { set: "name", name: "For the team" });
      await store.annotate("a", { set: "tags", tags: ["talk", "a b"] });
      await store.annotate("a", { set: "note", ...note });
      await store.annotate("b", { set: "tags", tags: ["talks"] });
      expect(await idsOf(store, { tag: "talk" })).toEqual(["a"]);
      expect(await idsOf(store, { tag: "Talk" })).toEqual([]);
      for (const text of ["THE TEAM", "a b", "100% bar"]) expect(await idsOf(store, { text })).toEqual(["a"]);
      for (const text of ["notes", "writtenWallMs", note.id]) expect(await idsOf(store, { text })).toEqual([]);
      expect((await (await data.open()).find("a")).annotations).toEqual({
        name: "For the team",
        tags: ["talk", "a b"],
        notes: [{ ...note, writtenWallMs: expect.any(Number) }],
      });
      await store.annotate("a", { set: "no note", id: note.id });
      expect((await store.find("a")).annotations.notes).toEqual([]);
      await expect(store.annotate("nobody", { set: "name", name: "x" })).rejects.toThrow("no run has the id nobody");
    });

    test("changes of two labs to what is written on a run do not undo each other, up to a limit", async () => {
      const data = prepare();
      const stores = [await data.open(), await data.open()];
      const [one] = stores as [RunStore, RunStore];
      await recordShortRun(one, "a");
      const idOf = (at: number) => `11111111-1111-4111-8111-${String(at).padStart(12, "0")}`;
      const notes = Array.from({ length: ANNOTATION_LIMITS.notes }, (_, at) =>
        stores[at % 2]?.annotate("a", { set: "note", id: idOf(at), atMs: at, text: `${at}` }),
      );
      await Promise.all(notes);
      expect((await one.find("a")).annotations.notes.map(({ atMs }) => atMs)).toEqual(notes.map((_, at) => at));
      const more = { set: "note", id: idOf(999), atMs: null, text: "x" } as const;
      await expect(one.annotate("a", more)).rejects.toThrow("100 notes already");
    });

    test("by a prefix of their id, unless several or none match", async () => {
      const store = await prepare().open();
      for (const id of ["abc-1", "abd-2", "a%_"]) await recordShortRun(store, id);
      expect((await store.find("abc")).id).toBe("abc-1");
      expect((await store.find("a%")).id).toBe("a%_");
      await expect(store.find("ab")).rejects.toThrow("more than one run begins with ab");
      await expect(store.find("x")).rejects.toThrow("no run has the id x");
      await expect(store.find("%")).rejects.toThrow("no run has the id %");
      await expect(store.find("")).rejects.toThrow("no run has the id (empty)");
      expect([await store.has("abc-1"), await store.has("abc")]).toEqual([true, false]);
    });

    test("or are unknown, which every reader of one run reports", async () => {
      const store = await prepare().open();
      const reads = await Promise.allSettled([
        store.get("x"),
        store.sources("x"),
        store.lastSeq("x"),
        store.laneSummary("x"),
        store.entries("x", 0, 2),
        store.eventPage({ runId: "x", afterSeq: 0, limit: 2 }),
      ]);
      for (const read of reads) {
        expect(read).toMatchObject({ reason: { code: "bad-input", message: "no run has the id x" } });
      }
    });
  });

  describe("events are read", () => {
    test("one by one while another run is recorded, in any number", async () => {
      const store = await prepare().open();
      const long = [
        started,
        ...numbersTo(3_998).map((at) => ({ type: "warning", code: "c", message: `${at}` }) as const),
      ];
      await recordRun(store, "run-1", { events: eventsOf([...long, passed]) });
      const reading = store.events("run-1");
      await reading.next();
      await recordRun(store, "run-2");
      let count = 1;
      for await (const { seq } of reading) expect(seq).toBe(++count);
      expect(count).toBe(4_000);
      expect(await eventsIn(store, "run-2")).toEqual(sampleRun("run-2"));
    });

    test("without gaps or duplicates while their own run continues", async () => {
      const store = await prepare().open();
      await store.begin(newRun("run-1"));
      let seq = 0;
      for (let round = 0; round < 40; round++) {
        for (let each = 0; each < 100; each++) void store.append(eventAt(++seq, started));
        const [seqs, page, entries] = await Promise.all([
          seqsIn(store, "run-1"),
          store.eventPage({ runId: "run-1", afterSeq: 0, limit: 10_000 }),
          store.entries("run-1", 0, 10_000),
        ]);
        for (const read of [seqs, page.events.map((event) => event.seq), entries.map((entry) => entry.seq)]) {
          expect(read.length).toBeGreaterThanOrEqual(100 * (round + 1));
          expect(read).toEqual(numbersTo(read.length));
        }
      }
    });

    test("in pages, also of one type and of one service", async () => {
      const store = await prepare().open();
      await recordRun(store, "run-1");
      const all = sampleRun();
      const page = (more: object) => store.eventPage({ runId: "run-1", afterSeq: 0, limit: 2_000, ...more });
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

    test("for a stream with their recorded content", async () => {
      const store = await prepare().open();
      const odd = 'quotes ", back\\slashes, , commas and \u2028 \u{1f600} \\u0000';
      await store.begin(newRun("run-1"));
      const last = sampleRun().length;
      await appendAll(store, sampleRun().slice(0, -1));
      await appendAll(store, [
        eventAt(last, { type: "warning", code: "c", message: odd }),
        { ...eventAt(last + 1, passed), atMs: 1_234_567.891 },
      ]);
      const entries = await store.entries("run-1", 2, 100);
      expect(entries.map(({ text }) => JSON.parse(text))).toEqual((await eventsIn(store, "run-1")).slice(2));
      expect(entries.map(({ seq }) => seq)).toEqual(numbersTo(last + 1).slice(2));
      expect((await store.entries("run-1", 3, 2)).map(({ seq }) => seq)).toEqual([4, 5]);
      expect(await store.entries("run-1", last + 1, 2)).toEqual([]);
    });

    test("without waiting for another writer, or for the store's own writes", async () => {
      const data = prepare();
      const store = await data.open();
      await recordRun(store, "run-1");
      await store.begin(newRun("run-2"));
      const unblock = await data.blockWrites();
      let isWritten = false;
      const writing = store.append(eventAt(1, started, "run-2")).then(() => {
        isWritten = true;
      });
      expect(await eventsIn(store, "run-1")).toEqual(sampleRun());
      expect((await store.list({})).runs).toHaveLength(2);
      expect((await store.approvals(10, Number.MAX_SAFE_INTEGER)).decided).toHaveLength(1);
      expect((await store.laneSummary("run-1")).lastSeq).toBe(sampleRun().length);
      expect(isWritten).toBe(false);
      await unblock();
      await writing;
    });
  });

  describe("summaries", () => {
    test("the lanes of a run count every drawn event once, in its time slice", async () => {
      const store = await prepare().open();
      await recordRun(store, "run-1");
      const summary = await store.laneSummary("run-1");
      const all = sampleRun();
      expect(summary).toMatchObject({ lastSeq: all.length, lastMs: all.at(-1)?.atMs });
      const drawn = all.filter(
        ({ type }) =>
          !["run.started", "run.ended", "call.ended", "backend.changed", "wire.calls-dropped"].includes(type),
      ).length;
      expect(summary.lanes.reduce((sum, { events }) => sum + events, 0)).toBe(drawn);
      for (const { events, buckets } of summary.lanes) {
        expect(buckets.reduce((sum, [, count]) => sum + count, 0)).toBe(events);
        expect(buckets.every(([bucket]) => bucket >= 0 && bucket < 240)).toBe(true);
      }
      expect(summary.lanes).toContainEqual(expect.objectContaining({ lane: "calls", name: "expired", events: 1 }));
      expect(summary.lanes).toContainEqual(expect.objectContaining({ lane: "health", name: "gateway", events: 1 }));
    });

    test("decisions on approvals are found in every run, newest first, with the time of their request", async () => {
      const store = await prepare().open();
      for (const [index, id] of ["a", "b", "c"].entries()) {
        const asked = { tool: "create_refund", callId: `call-${id}`, arguments: { charge_id: "ch_1" } };
        const askedMs = 1_000 * index + 500;
        const ended = {
          rowId: "2",
          decision: "denied",
          reason: "denied by ana",
          decidedWallMs: askedMs + 400,
        } as const;
        const bodies = [
          started,
          decided({ ...asked, decision: "approvalRequired", decidedWallMs: askedMs }),
          decided({ ...asked, ...ended }),
          passed,
        ];
        await recordRun(store, id, { events: eventsOf(bodies, id) });
      }
      const { decided: found, hasMore } = await store.approvals(2, Number.MAX_SAFE_INTEGER);
      expect(hasMore).toBe(true);
      expect(found).toEqual([
        expect.objectContaining({ runId: "c", callId: "call-c", result: "denied", requestedWallMs: 2_500 }),
        expect.objectContaining({ runId: "b", decidedWallMs: 1_900, reason: "denied by ana" }),
      ]);
      expect((await store.approvals(10, 900)).decided).toEqual([]);
    });

    test("a decision that a manual session and a run beside it both recorded is listed once, in the run", async () => {
      const store = await prepare().open();
      const asked = { tool: "create_refund", callId: "call-1", arguments: { charge_id: "ch_1" } };
      const bodies = [
        started,
        decided({ ...asked, decision: "approvalRequired", decidedWallMs: 500 }),
        decided({ ...asked, rowId: "2", decision: "approved", reason: "approved by ana", decidedWallMs: 900 }),
        passed,
      ];
      const recordManual = (id: string) =>
        recordRun(store, id, { scenarioId: MANUAL_SCENARIO_ID, events: eventsOf(bodies, id) });
      // The session may begin before the run or during it.
      await recordManual("before");
      await recordRun(store, "run", { events: eventsOf(bodies, "run") });
      await recordManual("during");
      const { decided: found, hasMore } = await store.approvals(10, Number.MAX_SAFE_INTEGER);
      expect(found.map(({ runId, result }) => [runId, result])).toEqual([["run", "approved"]]);
      expect(hasMore).toBe(false);
    });
  });
}
