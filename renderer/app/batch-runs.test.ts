import { expect, test } from "vitest";
import type { QueueEntry } from "../../electron/contract/runs.ts";
import { batchOf } from "./batch-runs.ts";

function entry(batch: QueueEntry["batch"], outcome: QueueEntry["outcome"] | "running" | "queued"): QueueEntry {
  const isActive = outcome === "running" || outcome === "queued";
  return {
    entryId: `${batch.id}-${batch.number}`,
    state: isActive ? outcome : "ended",
    scenarioId: "one",
    scenarioTitle: "One",
    without: [],
    batch,
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

const three = (number: number) => ({ id: "a", number, of: 3, isCompared: false });
const alone = { id: "b", number: 1, of: 1, isCompared: false };

test("runs that were started together are in their order, with the verdicts so far", () => {
  const queue = {
    active: [entry(three(3), "running"), entry(alone, "queued")],
    ended: [entry(three(2), "failed"), entry(three(1), "passed")],
  };
  const batch = batchOf(queue, undefined);
  expect(batch?.entries.map(({ batch: { number } }) => number)).toEqual([1, 2, 3]);
  expect(batch).toMatchObject({ of: 3, passed: 1, notPassed: 1, current: { runId: "run-a-3" } });
  expect(batchOf(queue, "run-a-1")?.id).toBe("a");
});

test("those of the run shown are shown while others are in progress; a run of its own has none", () => {
  const queue = {
    active: [entry({ id: "c", number: 1, of: 2, isCompared: false }, "running")],
    ended: [entry(alone, "passed"), entry(three(3), "passed")],
  };
  expect(batchOf(queue, "run-a-3")).toMatchObject({ id: "a", current: undefined });
  expect(batchOf(queue, "run-b-1")).toBeUndefined();
  expect(batchOf(queue, "run-of-another-day")?.id).toBe("c");
});
