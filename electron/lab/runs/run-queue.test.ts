import { expect, test } from "vitest";
import type { QueueEntry } from "../../contract/runs.ts";
import { sampleRun } from "../../testing/sample-events.ts";
import { LabError } from "../lab-error.ts";
import type { LoadedScenario } from "../scenarios/load.ts";
import { type QueueParts, RunQueue } from "./run-queue.ts";

const loaded = (id: string) => ({ scenario: { id, title: id } }) as LoadedScenario;
const green = { runId: "run-1", outcome: "passed", reason: "all well" } as const;

/** A queue whose runs are controlled by the test. */
function queueOf(parts: Partial<QueueParts>) {
  const ended: QueueEntry[] = [];
  const failures: string[] = [];
  const queue = new RunQueue({
    run: async () => green,
    onIdle: async () => {},
    onChange: () => {},
    onEnded: (entry) => ended.push(entry),
    onFailure: (error) => failures.push(String(error)),
    wallMs: () => 0,
    ...parts,
  });
  const toEnd = async () => {
    await expect.poll(() => queue.isBusy).toBe(false);
    return ended.map(({ scenarioId, outcome, reason }) => [scenarioId, outcome, reason]);
  };
  return { queue, ended, failures, toEnd };
}

test("a run that is cancelled while its stack comes up was cancelled before it started", async () => {
  const { queue, toEnd } = queueOf({
    run: (_loaded, _without, signal) =>
      new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
  });
  queue.add([loaded("a"), loaded("b")], []);
  queue.cancel("all");
  expect(await toEnd()).toEqual([
    ["b", "cancelled", "cancelled before it started"],
    ["a", "cancelled", "cancelled before it started"],
  ]);
});

test("a run that has ended says what happened; one that never started does not", async () => {
  const { queue, ended, toEnd } = queueOf({
    run: async (_loaded, _without, _signal, listen) => {
      for (const event of sampleRun()) listen(event);
      return green;
    },
  });
  queue.add([loaded("a"), loaded("b")], []);
  queue.cancel(queue.state().active[1]?.entryId ?? "");
  await toEnd();
  expect(ended.map(({ scenarioId, headline }) => [scenarioId, headline])).toEqual([
    ["b", null],
    ["a", "Slack is down: create_refund expired without approval, the circuit opened"],
  ]);
});

test("runs that were requested together have one result, which the last of them has", async () => {
  const ends = [green, { ...green, runId: "run-2", outcome: "failed" as const }, { ...green, runId: "run-3" }];
  const { queue, ended, toEnd } = queueOf({
    run: async (_loaded, _without, _signal, listen) => {
      const end = ends.shift() ?? green;
      for (const event of sampleRun(end.runId)) listen(event);
      return end;
    },
  });
  queue.add([loaded("a"), loaded("a")], []);
  queue.add([loaded("alone")], []);
  await toEnd();
  expect(ended.map(({ batch }) => batch.of)).toEqual([2, 2, 1]);
  expect(ended.map(({ batchResult }) => batchResult)).toEqual([null, { asExpected: 1 }, { asExpected: 1 }]);
});

test("an error after a cancellation is reported as an error", async () => {
  const { queue, toEnd } = queueOf({
    run: (_loaded, _without, signal) =>
      new Promise((_resolve, reject) => {
        const residue = new LabError("residue", "gateway is stopped", { hint: "start it" });
        signal.addEventListener("abort", () => reject(residue));
      }),
  });
  const [entry] = queue.add([loaded("a")], []);
  queue.cancel(entry?.entryId ?? "");
  expect(await toEnd()).toEqual([["a", "error", "gateway is stopped; start it (after it was cancelled)"]]);
});

test.each<[string, Partial<QueueParts>]>([
  ["the listener of ends", { onEnded: () => fail() }],
  ["the listener of changes", { onChange: () => fail() }],
  ["the idle callback", { onIdle: async () => fail() }],
])("continues when an error comes from %s, and reports it", async (_from, broken) => {
  const runs: string[] = [];
  const { queue, failures } = queueOf({
    run: async ({ scenario }) => {
      runs.push(scenario.id);
      return green;
    },
    ...broken,
  });
  queue.add([loaded("a"), loaded("b")], []);
  await expect.poll(() => queue.isBusy).toBe(false);
  queue.add([loaded("c")], []);
  await expect.poll(() => queue.isBusy).toBe(false);
  expect(runs).toEqual(["a", "b", "c"]);
  expect(queue.state()).toMatchObject({ active: [], ended: [{}, {}, {}] });
  expect(failures).toContain("Error: a broken hook");
});

function fail(): never {
  throw new Error("a broken hook");
}
