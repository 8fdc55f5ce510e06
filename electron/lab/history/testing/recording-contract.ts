import { describe, expect, test } from "vitest";
import { NO_ANNOTATIONS } from "../../../model/annotations.ts";
import type { EventOf, LabEvent } from "../../../model/lab-event.ts";
import { eventAt, eventsOf, passed, sampleRun, started } from "../../../testing/sample-events.ts";
import { WAITING_LIMIT } from "../write-queue.ts";
import {
  appendAll,
  eventsIn,
  NOBODY,
  newRun,
  numbersTo,
  recordRun,
  type StoreUnderTest,
  seqsIn,
} from "./store-under-test.ts";

const log = (seq: number, runId = "run-1", line = "hello"): LabEvent =>
  eventAt(seq, { type: "service.log", service: "gateway", stream: "stdout", line }, runId);
const end = (seq: number, runId = "run-1") => eventAt(seq, passed, runId) as EventOf<"run.ended">;

/** Recording runs, and their durability. */
export function describeRecording(prepare: () => StoreUnderTest): void {
  describe("a run that is recorded", () => {
    test("is stored with every event unchanged, also for a lab that opens the store later", async () => {
      const data = prepare();
      const first = await data.open();
      await recordRun(first, "run-1", {
        without: ["budget"],
        stackSource: "services: {}",
        isRaw: true,
        batch: { id: "together", number: 2, of: 3, showsFailure: true, isCompared: false, isPaced: false },
      });
      await first.close();
      const again = await data.open();
      expect(await eventsIn(again, "run-1")).toEqual(sampleRun());
      expect(await again.find("run-1")).toEqual({
        id: "run-1",
        scenarioId: "mcp-crash",
        scenarioTitle: "The MCP server crashes",
        driver: "process",
        without: ["budget"],
        outcome: "passed",
        reason: "every check held",
        startedWallMs: 1_700_000_000_000,
        durationMs: sampleRun().at(-1)?.atMs,
        pinned: false,
        importedFrom: null,
        raw: true,
        isAbandoned: false,
        annotations: NO_ANNOTATIONS,
        batch: { id: "together", number: 2, of: 3, showsFailure: true, isCompared: false, isPaced: false },
      });
      const events = sampleRun().length;
      expect(await again.sources("run-1")).toEqual({ scenario: "id: mcp-crash", stack: "services: {}", events });
    });

    test("has no outcome while it is in progress, and is not abandoned", async () => {
      const store = await prepare().open();
      await store.begin(newRun("run-1"));
      expect(await store.find("run-1")).toMatchObject({ outcome: null, isAbandoned: false });
    });

    test("takes events only between its start and its end, and can be started once", async () => {
      const store = await prepare().open();
      expect(() => store.append(log(1))).toThrow("run run-1 is not in progress");
      await store.begin(newRun("run-1"));
      await expect(store.begin(newRun("run-1"))).rejects.toThrow();
      await appendAll(store, sampleRun());
      expect(() => store.append(log(99))).toThrow("run run-1 is not in progress");
      await expect(store.end(end(99))).rejects.toThrow("run run-1 is not in progress");
    });
  });

  describe("what is durable", () => {
    test("append resolves to a number up to which another lab has all events", async () => {
      const data = prepare();
      const [store, other] = [await data.open(), await data.open()];
      await store.begin(newRun("run-1"));
      const answers: Promise<unknown>[] = [];
      for (let seq = 1; seq <= 3_000; seq++) {
        const answered = store.append(log(seq)).then(async (durable) => {
          expect(durable).toBeGreaterThanOrEqual(seq);
          if (seq % 250 === 0) expect(await other.lastSeq("run-1")).toBeGreaterThanOrEqual(durable);
        });
        answers.push(answered);
        if (seq % 700 === 0) await new Promise(setImmediate);
      }
      await Promise.all(answers);
      expect(store.durability.firstUnsaved("run-1")).toBeUndefined();
    });

    test("the end of a run and all earlier events are durable when it is answered, and not readable before", async () => {
      const data = prepare();
      const [store, other] = [await data.open(), await data.open()];
      await store.begin(newRun("run-1"));
      const unblock = await data.blockWrites();
      for (let seq = 1; seq < 2_000; seq++) void store.append(log(seq));
      const ending = store.end(end(2_000));
      expect(await seqsIn(store, "run-1")).toEqual(numbersTo(1_999));
      await unblock();
      expect(await ending).toBe(2_000);
      expect(await other.find("run-1")).toMatchObject({ outcome: "passed", durationMs: 20_000 });
      expect(await seqsIn(other, "run-1")).toEqual(numbersTo(2_000));
    });

    test("events become durable by themselves shortly after, and at once when the store is closed", async () => {
      const data = prepare();
      const [store, other] = [await data.open(), await data.open()];
      await store.begin(newRun("run-1"));
      void store.append(log(1));
      await expect.poll(() => other.lastSeq("run-1")).toBe(1);
      void store.append(log(2));
      await store.close();
      expect(await other.lastSeq("run-1")).toBe(2);
    });

    test("concurrent runs each have their own number", async () => {
      const store = await prepare().open();
      await store.begin(newRun("a"));
      await store.begin(newRun("b"));
      const answers = [store.append(log(1, "a")), store.append(log(1, "b")), store.append(log(2, "b"))];
      expect(store.durability.firstUnsaved("a")).toBe(1);
      expect(await Promise.all(answers)).toEqual([1, 2, 2]);
      void store.append(log(2, "a"));
      expect(store.durability.firstUnsaved("a")).toBe(2);
      expect(store.durability.firstUnsaved("b")).toBeUndefined();
      expect(store.durability.waitingEvents).toBe(1);
    });
  });

  describe("while nothing can be written", () => {
    test("events wait, are reported as not saved with the reason, and are read; later all are written in order", async () => {
      const data = prepare();
      const [store, other] = [await data.open(), await data.open()];
      await store.begin(newRun("run-1"));
      await store.append(log(1));
      const allow = await data.failWrites();
      let isAnswered = false;
      const attempted = Promise.withResolvers<void>();
      store.durability.onAttempt(attempted.resolve);
      const answer = store.append(log(2)).finally(() => {
        isAnswered = true;
      });
      await attempted.promise;
      for (let seq = 3; seq <= 2_000; seq++) void store.append(log(seq));
      expect(store.durability.failure?.reason).toContain("disk is full");
      expect(store.durability.firstUnsaved("run-1")).toBe(2);
      expect(await seqsIn(store, "run-1")).toEqual(numbersTo(2_000));
      const page = await store.eventPage({ runId: "run-1", afterSeq: 1_990, limit: 100 });
      expect(page).toMatchObject({ hasMore: false, savedSeq: 1 });
      expect(page.events.map(({ seq }) => seq)).toEqual(numbersTo(2_000).slice(1_990));
      expect((await store.entries("run-1", 0, 3)).map(({ seq }) => seq)).toEqual([1, 2, 3]);
      expect([await store.lastSeq("run-1"), (await store.sources("run-1")).events]).toEqual([2_000, 2_000]);
      expect((await store.get("run-1")).lastSeq).toBe(2_000);
      expect(await other.lastSeq("run-1")).toBe(1);
      expect(isAnswered).toBe(false);
      await allow();
      expect(await answer).toBeGreaterThanOrEqual(2);
      await store.end(end(2_001));
      expect(store.durability.failure).toBeUndefined();
      expect(await seqsIn(other, "run-1")).toEqual(numbersTo(2_001));
    });

    test("the end of a run is refused with the next step; it is written by the time the store is closed, if possible", async () => {
      const data = prepare();
      const [store, other] = [await data.open(), await data.open()];
      await store.begin(newRun("run-1"));
      void store.append(log(1));
      const allow = await data.failWrites();
      await expect(store.end(end(2))).rejects.toMatchObject({
        name: "LabError",
        message: expect.stringContaining("disk is full"),
        hint: expect.stringContaining("make space"),
      });
      expect(await seqsIn(store, "run-1")).toEqual([1]);
      expect(await store.find("run-1")).toMatchObject({ outcome: null });
      await allow();
      await store.close();
      expect(await other.find("run-1")).toMatchObject({ outcome: "passed" });
    });

    test("closing reports a loss, unless a caller has already got the error", async () => {
      const data = prepare();
      const [silent, notified] = [await data.open(), await data.open()];
      for (const [store, id] of [
        [silent, "run-1"],
        [notified, "run-2"],
      ] as const) {
        await store.begin(newRun(id));
        await store.append(log(1, id));
      }
      const allow = await data.failWrites();
      void silent.append(log(2, "run-1"));
      void notified.append(log(2, "run-2"));
      await expect(notified.end(end(3, "run-2"))).rejects.toThrow("disk is full");
      await expect(silent.close()).rejects.toThrow("disk is full");
      await notified.close();
      await allow();
    });

    test("only a limited number of events wait: the run then ends as an error, its log without a gap, with the number of lost events", async () => {
      const data = prepare();
      const [store, other] = [await data.open(), await data.open()];
      await store.begin(newRun("run-1"));
      await store.append(log(1));
      const allow = await data.failWrites();
      void store.append(log(2));
      await expect(store.flush()).rejects.toThrow("disk is full");
      const last = WAITING_LIMIT + 12;
      const answers: Promise<unknown>[] = [];
      for (let seq = 3; seq <= last; seq++) answers.push(store.append(log(seq)));
      await expect(answers.at(-1)).rejects.toMatchObject({ code: "busy" });
      expect(store.durability).toMatchObject({ waitingEvents: WAITING_LIMIT, refusedEvents: 11 });
      expect(store.durability.failure?.reason).toContain("11 events were dropped");
      await allow();
      await expect(store.end(end(last + 1))).rejects.toThrow("11 events of this run were dropped");
      expect(await other.find("run-1")).toMatchObject({
        outcome: "error",
        reason: expect.stringContaining("11 events of this run were dropped"),
      });
      expect(await seqsIn(other, "run-1")).toEqual(numbersTo(WAITING_LIMIT + 2));
    });
  });

  describe("runs whose lab has died", () => {
    test("are ended as interrupted, after their last event, and only once; those of a living lab are not", async () => {
      const data = prepare();
      const dead = await data.open(NOBODY);
      await dead.begin(newRun("run-1"));
      await appendAll(dead, eventsOf([started, { type: "phase.started", phase: "method" }]));
      await dead.begin(newRun("run-2"));
      await dead.close();
      const store = await data.open();
      await store.begin(newRun("run-3"));
      expect(await store.find("run-1")).toMatchObject({ outcome: null, isAbandoned: true });
      expect(await store.endOrphans()).toBe(2);
      expect(await store.endOrphans()).toBe(0);
      expect(await store.find("run-1")).toMatchObject({ outcome: "interrupted", durationMs: 20, isAbandoned: false });
      expect((await eventsIn(store, "run-1")).map(({ seq, type }) => `${seq} ${type}`)).toEqual([
        "1 run.started",
        "2 phase.started",
        "3 run.ended",
      ]);
      expect(await eventsIn(store, "run-2")).toMatchObject([{ seq: 1, type: "run.ended", outcome: "interrupted" }]);
      expect(await store.find("run-3")).toMatchObject({ outcome: null, isAbandoned: false });
    });
  });

  describe("a run that another process has ended", () => {
    test("is interrupted after its last event; what its own lab appends then is refused and never stored", async () => {
      const data = prepare();
      const [stale, other] = [await data.open(), await data.open()];
      await stale.begin(newRun("run-1"));
      await stale.begin(newRun("run-2"));
      await stale.append(log(1));
      expect(await other.interrupt("run-1", "its worker lost the lease")).toBe(true);
      expect(await other.interrupt("run-1", "again")).toBe(false);
      void stale.append(log(1, "run-2"));
      await expect(stale.append(log(2))).rejects.toThrow("run run-1 was ended by another process");
      await expect(stale.append(log(3))).rejects.toMatchObject({ code: "busy" });
      await expect(stale.end(end(4))).rejects.toThrow("run run-1 was ended by another process");
      expect(await stale.end(end(2, "run-2"))).toBe(2);
      expect(await other.find("run-1")).toMatchObject({ outcome: "interrupted", reason: "its worker lost the lease" });
      expect((await eventsIn(other, "run-1")).map(({ seq, type }) => `${seq} ${type}`)).toEqual([
        "1 service.log",
        "2 run.ended",
      ]);
      expect(await other.find("run-2")).toMatchObject({ outcome: "passed" });
      expect(stale.durability).toMatchObject({ failure: undefined, waitingEvents: 0 });
    });
  });

  describe("two labs", () => {
    test("both write, and each sees what the other has written", async () => {
      const data = prepare();
      const [one, two] = [await data.open(), await data.open()];
      await one.begin(newRun("run-1"));
      await two.begin(newRun("run-2"));
      for (let seq = 1; seq <= 600; seq++) {
        void one.append(log(seq, "run-1", "from one"));
        void two.append(log(seq, "run-2", "from two"));
      }
      await Promise.all([one.end(end(601, "run-1")), two.end(end(601, "run-2"))]);
      for (const store of [one, two]) {
        const { runs } = await store.list({});
        expect(runs.map(({ outcome }) => outcome)).toEqual(["passed", "passed"]);
        for (const id of ["run-1", "run-2"]) expect(await seqsIn(store, id)).toEqual(numbersTo(601));
      }
    });
  });
}
