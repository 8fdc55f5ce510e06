import { describe, expect, onTestFinished, test } from "vitest";
import { eventAt, passed, started } from "../../../testing/sample-events.ts";
import type { Arrivals, RunStore } from "../run-store.ts";
import { appendAll, arrivingRun, newRun, numbersTo, type StoreUnderTest, seqsIn } from "./store-under-test.ts";

const MANY = 20_000;

/** Staged runs with so many events. */
export async function arriving(store: RunStore, events: number, ...ids: string[]): Promise<Arrivals> {
  const arrivals = store.arrivals();
  onTestFinished(() => arrivals.close().catch(() => {}));
  for (const id of ids) {
    arrivals.begin(arrivingRun(id, { startedWallMs: 0 }));
    await arrivals.stage(eventAt(1, started, id));
    for (let seq = 2; seq < events; seq++) {
      await arrivals.stage(eventAt(seq, { type: "service.log", service: "s", stream: "stdout", line: `${seq}` }, id));
    }
    await arrivals.stage(eventAt(events, passed, id));
  }
  return arrivals;
}

/** Importing runs. */
export function describeArriving(prepare: () => StoreUnderTest): void {
  describe("imported runs", () => {
    test("are invisible before all of them are added; runs are recorded and read meanwhile", async () => {
      const data = prepare();
      const [store, other] = [await data.open(), await data.open()];
      await store.begin(newRun("live", { startedWallMs: 5 }));
      const arrivals = await arriving(store, MANY, "run-1", "run-2");
      let [seq, answered] = [0, 0];
      let isOver = false;
      const committing = arrivals.commit("bundle.zip", 7).then(() => {
        isOver = true;
      });
      while (!isOver) {
        void store.append(eventAt(++seq, started, "live"));
        await store.flush();
        if (!isOver) answered++;
        const [first, second] = [await other.has("run-1"), await other.has("run-2")];
        expect(first && !second).toBe(false);
      }
      await committing;
      expect(answered).toBeGreaterThan(0);
      expect(await seqsIn(store, "run-1")).toEqual(numbersTo(MANY));
      expect(await seqsIn(other, "live")).toEqual(numbersTo(seq));
      expect(await store.find("run-1")).toMatchObject({
        importedFrom: "bundle.zip",
        outcome: "passed",
        reason: "every check held",
        durationMs: 1,
      });
    });

    test("are added all or none: one that exists by then keeps the others out", async () => {
      const store = await prepare().open();
      const arrivals = await arriving(store, 3_000, "run-1", "run-2");
      await store.begin(newRun("run-2"));
      await expect(arrivals.commit("bundle.zip", 7)).rejects.toThrow(
        "run run-2 has been added to the history meanwhile",
      );
      expect(await store.has("run-1")).toBe(false);
    });

    test("leave nothing when cancelled in the middle, and may be imported again", async () => {
      const store = await prepare().open();
      const cancel = new AbortController();
      const committing = (await arriving(store, MANY, "run-1")).commit("bundle.zip", 7, cancel.signal);
      await new Promise(setImmediate);
      cancel.abort(new Error("cancelled by a person"));
      await expect(committing).rejects.toThrow("cancelled by a person");
      expect(await store.has("run-1")).toBe(false);
      await (await arriving(store, 3, "run-1")).commit("bundle.zip", 7);
      expect(await seqsIn(store, "run-1")).toEqual([1, 2, 3]);
    });

    test("keep the numbers of their events and their order", async () => {
      const store = await prepare().open();
      const arrivals = store.arrivals();
      onTestFinished(() => arrivals.close().catch(() => {}));
      const numbers = [1, 2, ...numbersTo(5_000).map((at) => 10_000 + 3 * at)];
      for (const id of ["run-1", "run-2", "run-3"]) {
        arrivals.begin(arrivingRun(id));
        for (const seq of numbers) await arrivals.stage(eventAt(seq, started, id));
      }
      await arrivals.commit("bundle.zip", 7);
      expect((await store.list({})).runs.map(({ id }) => id)).toEqual(["run-3", "run-2", "run-1"]);
      expect(await seqsIn(store, "run-2")).toEqual(numbers);
    });

    test("can be deleted, also during another import, and their key is not reused", async () => {
      const store = await prepare().open();
      await (await arriving(store, 3, "run-1")).commit("bundle.zip", 7);
      const committing = (await arriving(store, MANY, "run-2")).commit("bundle.zip", 8);
      expect((await store.delete(["run-1"], () => false)).deleted).toEqual(["run-1"]);
      await store.begin(newRun("live"));
      await appendAll(store, [eventAt(1, started, "live"), eventAt(2, passed, "live")]);
      await committing;
      expect(await store.endOrphans()).toBe(0);
      expect(await seqsIn(store, "run-2")).toEqual(numbersTo(MANY));
      expect(await seqsIn(store, "live")).toEqual([1, 2]);
      expect(await seqsIn(store, "run-1")).toEqual([]);
    });
  });
}
