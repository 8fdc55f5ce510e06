import { expect, test } from "vitest";
import type { QueueEntry } from "../../electron/contract/runs.ts";
import { type BatchRuns, batchOf, nextPlace } from "./batch-progress.ts";

function entry(batch: QueueEntry["batch"], outcome: QueueEntry["outcome"] | "running" | "queued"): QueueEntry {
  const isActive = outcome === "running" || outcome === "queued";
  return {
    entryId: `${batch.id}-${batch.number}`,
    state: isActive ? outcome : "ended",
    scenarioId: "one",
    scenarioTitle: "One",
    without: [],
    batch,
    from: "window",
    queuedWallMs: 0,
    runId: outcome === "queued" ? null : `run-${batch.id}-${batch.number}`,
    startedWallMs: null,
    outcome: isActive ? null : outcome,
    reason: null,
    headline: null,
    cancelling: false,
    batchResult: null,
    activity: "",
  };
}

const three = (number: number) => ({ id: "a", number, of: 3, showsFailure: false, isCompared: false, isPaced: false });
const alone = { id: "b", number: 1, of: 1, showsFailure: false, isCompared: false, isPaced: false };

test("runs that were started together are in their order, with the verdicts so far", () => {
  const queue = {
    active: [entry(three(3), "running"), entry(alone, "queued")],
    ended: [entry(three(2), "failed"), entry(three(1), "passed")],
  };
  const batch = batchOf(queue, { at: "lab" });
  expect(batch?.entries.map(({ batch: { number } }) => number)).toEqual([1, 2, 3]);
  expect(batch).toMatchObject({ of: 3, passed: 1, notPassed: 1, current: { runId: "run-a-3" } });
  expect(batchOf(queue, { at: "run", runId: "run-a-1" })?.id).toBe("a");
});

test("those of the run shown are shown while others are in progress; a run of its own has none", () => {
  const queue = {
    active: [entry({ id: "c", number: 1, of: 2, showsFailure: false, isCompared: false, isPaced: false }, "running")],
    ended: [entry(alone, "passed"), entry(three(3), "passed")],
  };
  expect(batchOf(queue, { at: "run", runId: "run-a-3" })).toMatchObject({ id: "a", current: undefined });
  expect(batchOf(queue, { at: "run", runId: "run-b-1" })).toBeUndefined();
  expect(batchOf(queue, { at: "run", runId: "run-of-another-day" })?.id).toBe("c");
});

test("a person goes on from the pattern to its comparison, to the run in progress, and at the end to the result", () => {
  const pair = (number: number) => ({ showsFailure: number === 1, isCompared: number === 2 });
  const four = (number: number) => ({ id: "a", number, of: 4, ...pair(number), isPaced: true });
  const run = (number: number) => ({ at: "run", runId: `run-a-${number}` }) as const;
  const compared = { at: "compare", left: "run-a-1", right: "run-a-2" } as const;
  const result = { at: "batch", batchId: "a" } as const;
  const batch = (active: QueueEntry[], ended: QueueEntry[]) => batchOf({ active, ended }, result) as BatchRuns;
  const queued = [entry(four(3), "queued"), entry(four(4), "queued")];
  const second = batch([entry(four(2), "running"), ...queued], [entry(four(1), "failed")]);
  expect(second).toMatchObject({ passed: 0, shown: 1, notPassed: 0 });
  expect(nextPlace(second, run(1))).toEqual(run(2));
  expect(nextPlace(second, run(2))).toBeUndefined();
  const third = batch(
    [entry(four(3), "running"), entry(four(4), "queued")],
    [entry(four(2), "passed"), entry(four(1), "failed")],
  );
  expect(nextPlace(third, run(2))).toEqual(compared);
  expect(nextPlace(third, compared)).toEqual(run(3));
  const all = batch(
    [],
    [4, 3, 2, 1].map((number) => entry(four(number), "passed")),
  );
  expect(nextPlace(all, run(4))).toEqual(result);
  expect(nextPlace(all, result)).toBeUndefined();
});

test("a run that passes without the protection whose lack it is to show has not ended as expected", () => {
  const pair = (number: number) => ({ id: "a", number, of: 2, showsFailure: number === 1, isCompared: number === 2 });
  const ended = [1, 2].map((number) => entry({ ...pair(number), isPaced: false }, "passed"));
  expect(batchOf({ active: [], ended }, { at: "batch", batchId: "a" })).toMatchObject({
    ...{ passed: 1, shown: 0, notPassed: 1 },
  });
});
