import { expect, test } from "vitest";
import type { RunSummary } from "../../electron/contract/history.ts";
import type { QueueEntry } from "../../electron/contract/runs.ts";
import { type BatchRun, gridOf, runsOfBatch } from "./batch-runs-of.ts";

const place = (number: number) => ({
  ...{ id: "b", number, of: 3, showsFailure: false, isCompared: false, isPaced: false },
});

test("a batch has the runs of the queue, and those that only the history knows; of a repeated attempt the newest", () => {
  const stored = (id: string, number: number, outcome: RunSummary["outcome"]) =>
    ({ id, scenarioId: id, batch: place(number), outcome }) as RunSummary;
  const live = { runId: "live", scenarioId: "live", batch: place(3), state: "queued" } as QueueEntry;
  const runs = runsOfBatch(
    [live],
    [stored("again", 2, null), stored("killed", 2, "interrupted"), stored("first", 1, "passed")],
  );
  expect(runs.map(({ runId, state }) => `${runId} ${state}`)).toEqual(["first ended", "again running", "live queued"]);
});

const run = (scenarioId: string, ...without: string[]) =>
  ({
    scenarioId,
    scenarioTitle: scenarioId,
    without,
    outcome: scenarioId === "storm" ? "failed" : "passed",
  }) as BatchRun;
const shown = (runs: readonly BatchRun[]) => {
  const grid = gridOf(runs, ({ outcome }) => outcome === "failed");
  return grid && [grid.columns, ...grid.rows.map(({ title, cells }) => [title, ...cells.map((cell) => cell.length)])];
};

test("runs with and without one protection each are a grid of two columns, what failed first", () => {
  expect(shown([run("loop", "budget"), run("loop"), run("storm"), run("storm", "retry-budget"), run("plain")])).toEqual(
    [
      ["Every protection", "Without a protection"],
      ["storm", 1, 1],
      ["loop", 1, 1],
      ["plain", 1, 0],
    ],
  );
});

test("where a scenario was run without several, each has a column; repeats share a cell", () => {
  expect(shown([run("loop"), run("loop"), run("loop", "budget"), run("loop", "redaction")])).toEqual([
    ["Every protection", "Without budget", "Without redaction"],
    ["loop", 2, 1, 1],
  ]);
});

test("runs with the same protections are no grid", () => {
  expect(shown([run("loop", "budget"), run("storm", "budget")])).toBeUndefined();
});
