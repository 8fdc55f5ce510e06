import { describe, expect, onTestFinished, test } from "vitest";
import type { TelemetryRecord, TelemetrySpan } from "../../../model/telemetry.ts";
import { eventAt, eventsOf, passed, started } from "../../../testing/sample-events.ts";
import type { RunStore } from "../run-store.ts";
import { arrivingRun, NOBODY, newRun, numbersTo, recordShortRun, type StoreUnderTest } from "./store-under-test.ts";

export function sampleSpan(change: Partial<TelemetrySpan> = {}): TelemetrySpan {
  return {
    record: "span",
    joinedBy: "trace",
    traceId: "5b8aa5a2d2c872e8321cf37308d69df2",
    spanId: "051581bf3cb55c13",
    name: "tools/call refund",
    kind: "server",
    service: "payments",
    scope: "lab",
    startUs: 1_700_000_000_000_001,
    endUs: 1_700_000_000_250_000,
    attributes: { "mcp.method.name": "tools/call", sizes: [1, 2.5, null], nested: { deep: true } },
    events: [{ name: "retry", atUs: 1_700_000_000_100_000, attributes: { attempt: 2 } }],
    isError: true,
    statusMessage: "tool_error",
    ...change,
  };
}

const named = (at: number) => sampleSpan({ name: `span ${at}` });
const log: TelemetryRecord = {
  record: "log",
  joinedBy: "time",
  service: "payments",
  scope: "",
  atUs: 1_700_000_000_000_003,
  severity: "WARN",
  severityNumber: 13,
  body: "the card \u0000 \ud83d\ude00",
  attributes: {},
};

async function all(store: RunStore, runId: string, atOnce = 1_000): Promise<TelemetryRecord[]> {
  const found: TelemetryRecord[] = [];
  for (let after = 0; ; ) {
    const { records, next, hasMore } = await store.telemetry(runId, after, atOnce);
    found.push(...records);
    after = next;
    if (!hasMore) return found;
  }
}

/** Spans and logs of runs. */
export function describeTelemetry(prepare: () => StoreUnderTest): void {
  describe("telemetry", () => {
    test("is read as it was added, in its order and page by page, by every lab; also what arrives after the end", async () => {
      const data = prepare();
      const [store, other] = [await data.open(), await data.open()];
      await store.begin(newRun("run-1"));
      expect(await store.telemetry("run-1", 0, 10)).toEqual({ records: [], next: 0, hasMore: false });
      const first: TelemetryRecord[] = [sampleSpan(), log, { record: "dropped", spans: 3, logs: 0, reason: "full" }];
      expect(await store.addTelemetry("run-1", first)).toBe(true);
      for (const event of [eventAt(1, started, "run-1")]) await store.append(event);
      const { endUs: _endUs, ...open } = sampleSpan({ spanId: "1", joinedBy: "run" });
      expect(await store.addTelemetry("run-1", [open])).toBe(true);
      for (const atOnce of [1, 2, 4, 5]) expect(await all(other, "run-1", atOnce)).toEqual([...first, open]);
      const page = await other.telemetry("run-1", 0, 3);
      expect(page.hasMore).toBe(true);
      expect((await other.telemetry("run-1", page.next, 3)).records).toEqual([open]);
    });

    test("belongs to one run, and is not taken for one that does not exist", async () => {
      const store = await prepare().open();
      for (const id of ["run-1", "run-2"]) await recordShortRun(store, id);
      await store.addTelemetry("run-1", [named(1)]);
      await store.addTelemetry("run-2", [named(2)]);
      await store.addTelemetry("run-1", [named(3)]);
      expect(await all(store, "run-1")).toEqual([named(1), named(3)]);
      expect(await store.addTelemetry("nobody", [named(4)])).toBe(false);
      await expect(store.telemetry("nobody", 0, 1)).rejects.toMatchObject({ code: "bad-input" });
    });

    test("is no event: a run of a lab that died is ended as before", async () => {
      const data = prepare();
      const dead = await data.open(NOBODY);
      await dead.begin(newRun("run-1"));
      await dead.addTelemetry("run-1", [named(1)]);
      const store = await data.open();
      expect(await store.endOrphans()).toBe(1);
      expect(await store.get("run-1")).toMatchObject({ outcome: "interrupted", events: 1 });
      expect(await all(store, "run-1")).toEqual([named(1)]);
    });

    test("is deleted with its run, however much it is", async () => {
      const store = await prepare().open();
      for (const id of ["gone", "kept"]) {
        await recordShortRun(store, id);
        await store.addTelemetry(id, numbersTo(20_000).map(named));
      }
      await store.delete(["gone"], () => false);
      expect(await store.addTelemetry("gone", [named(1)])).toBe(false);
      await recordShortRun(store, "later");
      expect(await all(store, "later")).toEqual([]);
      expect(await all(store, "kept", 20_000)).toHaveLength(20_000);
    });

    test("of imported runs arrives with them, and not at all when the import is given up", async () => {
      const store = await prepare().open();
      const stage = async () => {
        const arrivals = store.arrivals();
        onTestFinished(() => arrivals.close().catch(() => {}));
        for (const id of ["run-1", "run-2"]) {
          arrivals.begin(arrivingRun(id));
          for (const event of eventsOf([started, passed], id)) await arrivals.stage(event);
          // Not awaited: the next run begins while records of this one are still under way.
          for (const at of numbersTo(2_500)) void arrivals.stageTelemetry(sampleSpan({ name: `${id} ${at}` }));
        }
        return arrivals;
      };
      const cancel = new AbortController();
      const committing = (await stage()).commit("bundle.zip", 7, cancel.signal);
      cancel.abort(new Error("cancelled by a person"));
      await expect(committing).rejects.toThrow("cancelled by a person");
      await (await stage()).commit("bundle.zip", 7);
      for (const id of ["run-1", "run-2"]) {
        const names = (await all(store, id)).map((record) => "name" in record && record.name);
        expect(names).toEqual(numbersTo(2_500).map((at) => `${id} ${at}`));
      }
    });
  });
}
