import { expect, test } from "vitest";
import type { LabEvent } from "../../model/lab-event.ts";
import { PAUSE } from "../../model/pause.ts";
import { onSmallLab } from "../../testing/small-lab.ts";
import { runOnSmallStack } from "../../testing/small-run.ts";
import { LINK, type SmallStack } from "../../testing/small-stack.ts";
import { systemClock } from "../clock.ts";
import type { RunStore } from "../history/run-store.ts";
import { Pace, WAITS_AT_MOST_MS } from "./pace.ts";

let stack: SmallStack;
let history: RunStore;
onSmallLab((lab) => {
  ({ stack, history } = lab);
});

test("a paced run waits before each step, and its time limits and the expiry of its faults stand still meanwhile", async () => {
  let aheadMs = 0;
  const pace = new Pace("person", { ...systemClock, monotonicMs: () => systemClock.monotonicMs() + aheadMs });
  const listen = (event: LabEvent) => {
    if (event.type !== "step.started" || event.kind !== PAUSE) return;
    queueMicrotask(() => {
      // Longer than the fault may last and, together, than the method may take.
      aheadMs += 200_000;
      expect(pace.next()).toBe(true);
    });
  };
  const { outcome, reason, view, warnings } = await runOnSmallStack(stack, history, {
    method: [
      { fault: { latency: LINK, by: "1ms", for: "1m" }, say: "The link becomes slow." },
      { probe: "server", is: "up" },
    ],
    expect: [{ within: "30s" }],
    pace,
    aheadMs: () => aheadMs,
    listen,
  });
  expect([outcome, reason, warnings.map(({ code }) => code)]).toEqual([
    "passed",
    expect.any(String),
    ["fault-hit-nothing"],
  ]);
  expect(view.started?.paced).toBe(true);
  expect(view.steps.map(({ status, attributes: { step, kind, say } }) => [step, kind, status, say])).toEqual([
    ["pause-1", PAUSE, "ok", "The link becomes slow."],
    ["step-1", "fault", "ok", "The link becomes slow."],
    ["pause-2", PAUSE, "ok", undefined],
    ["step-2", "probe", "ok", undefined],
  ]);
  const [fault] = view.faults;
  const rollback = view.phases.find(({ name }) => name === "rollback");
  expect(fault?.endMs).toBeGreaterThanOrEqual(rollback?.startMs ?? Number.POSITIVE_INFINITY);
});

test("the waits of a run end by themselves after ten minutes in all, and one in progress with its run", async () => {
  let nowMs = 0;
  const pace = new Pace("person", {
    monotonicMs: () => nowMs,
    wallMs: () => 0,
    sleep: async (ms) => {
      nowMs += Math.min(ms, 400_000);
    },
  });
  const never = new AbortController().signal;
  expect([await pace.wait(never), await pace.wait(never), await pace.wait(never)]).toEqual([400_000, 200_000, 0]);
  expect(WAITS_AT_MOST_MS).toBe(600_000);
  expect(pace.next()).toBe(false);
  const run = new AbortController();
  const waiting = new Pace("person", systemClock).wait(run.signal);
  run.abort(new Error("halted"));
  await expect(waiting).rejects.toThrow("halted");
});
