import { expect, test } from "vitest";
import { slowedRun } from "../testing/slowed-run.ts";
import { samplesOf } from "./call-statistics.ts";
import { compareSets } from "./compare-sets.ts";
import { RunModel } from "./run-model.ts";

const runs = (count: number, slowerByMs: number) =>
  Array.from({ length: count }, (_, at) => {
    const model = RunModel.of(slowedRun(`r${at}`, { slowerByMs }));
    return { samples: samplesOf(model), durationMs: model.lastMs + at };
  });

test("two sets of runs differ by what made one slower, during the fault and not before or after it", () => {
  const rows = compareSets(runs(3, 200), runs(2, 320));
  const shown = rows
    .filter(({ of }) => of !== "run")
    .map(({ name, period, left, right, difference }) => [
      ...[name, period, left.values.length, right.values.length, left.errors, right.errors, difference?.shift],
    ]);
  expect(shown.filter(([name]) => name === undefined)).toEqual([
    [undefined, undefined, 360, 240, 12, 8, expect.any(Number)],
    [undefined, "before", 120, 80, 0, 0, 0],
    [undefined, "during", 120, 80, 12, 8, 120],
    [undefined, "after", 120, 80, 0, 0, 0],
  ]);
  const during = rows.find(({ name, period }) => name === undefined && period === "during")?.difference?.interval ?? [];
  expect(during[0]).toBeGreaterThan(100);
  expect(during[1]).toBeLessThan(140);
  expect(rows[0]).toMatchObject({ of: "run", left: { values: { length: 3 } }, right: { values: { length: 2 } } });
});
