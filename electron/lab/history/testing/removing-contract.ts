import { describe, expect, test } from "vitest";
import type { LabEvent } from "../../../model/lab-event.ts";
import { eventAt, eventsOf, passed, started } from "../../../testing/sample-events.ts";
import type { RunStore } from "../run-store.ts";
import {
  arrivingRun,
  newRun,
  numbersTo,
  recordRun,
  recordShortRun,
  type StoreUnderTest,
  seqsIn,
} from "./store-under-test.ts";

const MANY = 20_000;
/** Of a race that either may win. */
const ROUNDS = 20;
const NOT_ON = () => false;

function manyEvents(id: string): LabEvent[] {
  const line = "x".repeat(50);
  const logs = numbersTo(MANY - 2).map(() => ({ type: "service.log", service: "s", stream: "stdout", line }) as const);
  return eventsOf([started, ...logs, passed], id);
}

const idsIn = async (store: RunStore) => (await store.list({})).runs.map(({ id }) => id);

/** Deleting and trimming runs. */
export function describeRemoving(prepare: () => StoreUnderTest): void {
  describe("runs that are deleted", () => {
    test("are removed with their events; pinned runs and runs in progress stay, with the reason", async () => {
      const store = await prepare().open();
      for (const id of ["gone", "pinned", "on"]) await recordShortRun(store, id);
      await store.pin("pinned", true);
      const report = await store.delete(["gone", "pinned", "on", "nobody"], (id) => id === "on");
      expect(report.deleted).toEqual(["gone"]);
      expect(report.kept.toSorted((a, b) => (a.runId < b.runId ? -1 : 1))).toEqual([
        { runId: "on", because: "it is in progress" },
        { runId: "pinned", because: "it is pinned" },
      ]);
      await expect(store.get("gone")).rejects.toThrow("no run has the id");
      expect(await seqsIn(store, "gone")).toEqual([]);
      await store.pin("pinned", false);
      expect((await store.delete(["pinned"], NOT_ON)).deleted).toEqual(["pinned"]);
      await expect(store.pin("gone", true)).rejects.toMatchObject({ code: "bad-input" });
    });

    test("do not include those with unwritten events, which could not be written without the run", async () => {
      const data = prepare();
      const store = await data.open();
      await recordShortRun(store, "whole");
      await store.begin(newRun("waiting"));
      const allow = await data.failWrites();
      void store.append(eventAt(1, started, "waiting"));
      expect(await store.delete(["whole", "waiting"], NOT_ON)).toEqual({
        deleted: ["whole"],
        kept: [{ runId: "waiting", because: "it is not fully saved yet" }],
      });
      await allow();
    });

    test("disappear at once, also when the lab ends before all of their events are removed", async () => {
      const data = prepare();
      const [store, other] = [await data.open(), await data.open()];
      await recordShortRun(store, "kept");
      await recordRun(store, "gone", { events: manyEvents("gone") });
      const ending = new AbortController();
      ending.abort();
      await expect(store.delete(["gone"], NOT_ON, ending.signal)).rejects.toThrow();
      const deleting = store.delete(["gone"], NOT_ON, AbortSignal.any([]));
      await expect.poll(() => other.has("gone")).toBe(false);
      await deleting;
      await recordShortRun(other, "later");
      expect(await seqsIn(other, "later")).toEqual([1, 2]);
      expect(await other.endOrphans()).toBe(0);
      expect(await seqsIn(other, "later")).toEqual([1, 2]);
      expect((await idsIn(other)).toSorted()).toEqual(["kept", "later"]);
    });
  });

  describe("beyond the limit", () => {
    test("the oldest are deleted, but not those that are pinned or in progress", async () => {
      const store = await prepare().open();
      await store.begin(newRun("on", { startedWallMs: 0 }));
      for (const at of numbersTo(10)) await recordShortRun(store, `run-${at}`, { startedWallMs: at });
      await store.pin("run-1", true);
      expect(await store.trim(4)).toBe(5);
      expect(await idsIn(store)).toEqual(["run-10", "run-9", "run-8", "run-7", "run-1", "on"]);
      expect(await store.trim(4)).toBe(0);
    });

    test("the age of an imported run counts from its import", async () => {
      const store = await prepare().open();
      for (const at of [2, 3, 4, 5, 6]) await recordShortRun(store, `run-${at}`, { startedWallMs: 1_000 * at });
      const arrivals = store.arrivals();
      arrivals.begin(arrivingRun("run-1", { startedWallMs: 1_000 }));
      for (const event of eventsOf([started, passed], "run-1")) await arrivals.stage(event);
      await arrivals.commit("bundle.zip", 10_000);
      await arrivals.close();
      expect(await store.trim(3)).toBe(3);
      expect(await idsIn(store)).toEqual(["run-6", "run-5", "run-1"]);
    });

    test("runs are deleted in slices, while events of a run in progress are written", async () => {
      const store = await prepare().open();
      await store.begin(newRun("on", { startedWallMs: 2 }));
      let seq = 0;
      /** How many events were written in the middle of a trim of three runs. */
      const writtenMeanwhile = async () => {
        for (const id of ["a", "b", "c"]) await recordRun(store, id, { events: manyEvents(id), startedWallMs: 1 });
        let isTrimmed = false;
        const trimming = store.trim(1).then((trimmed) => {
          isTrimmed = true;
          return trimmed;
        });
        let written = 0;
        while (!isTrimmed) {
          void store.append(eventAt(++seq, started, "on"));
          await store.flush();
          if (!isTrimmed) written++;
        }
        expect(await trimming).toBe(3);
        expect(await idsIn(store)).toEqual(["on"]);
        return written;
      };
      // A machine may take longer to ask for the writing of one event than for a whole trim.
      let written = 0;
      for (let round = 0; written === 0 && round < ROUNDS; round++) written = await writtenMeanwhile();
      expect(written).toBeGreaterThan(0);
    });
  });
}
