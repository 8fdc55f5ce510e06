import { expect, test } from "vitest";
import type { LaneSummary } from "../../electron/contract/history.ts";
import { RunModel } from "../../electron/model/run-model.ts";
import { longRun } from "./fixtures/recorded-runs.ts";
import { layOut } from "./lane-layout.ts";
import { Outline } from "./outline.ts";
import { axisOf } from "./run-axis.ts";
import { TimelineModel } from "./timeline-model.ts";

function lane(lane: LaneSummary["lanes"][number]["lane"], name: string, ...slices: number[]) {
  const buckets = slices.map((slice): [number, number] => [slice, 3]);
  return { lane, name, events: 3 * slices.length, firstMs: 0, lastMs: 0, buckets };
}

const summary: LaneSummary = {
  runId: "run",
  lastSeq: 100_000,
  lastMs: 24_000,
  bucketMs: 100,
  lanes: [
    lane("calls", "upstream_error", 7),
    lane("calls", "allow", 1, 2, 230),
    lane("calls", "approvalRequired", 4),
    lane("hits", "", 2),
    lane("warnings", "", 3),
    lane("logs", "gateway", 1, 100),
  ],
};

test("every lane of a summary is seen in a lane of the timeline, failures last, so that nothing is drawn over them", () => {
  const outline = new Outline(summary);
  expect(outline.marks("calls").map(({ tone }) => tone)).toEqual(["allow", "approvalRequired", "upstream_error"]);
  expect(outline.marks("approvals").map(({ slices }) => slices)).toEqual([[4]]);
  expect(outline.marks("checks").map(({ tone }) => tone)).toEqual(["warning"]);
  expect(outline.marks("logs")).toEqual([{ rowTitle: "gateway", tone: "log", slices: [1, 100] }]);
  expect(outline.marks("health")).toEqual([]);
});

test("the axis reaches to the end of the run from the first events on, with what is idle in it collapsed", () => {
  const model = new TimelineModel();
  new RunModel(model).takeAll(longRun(500));
  expect(axisOf([model], model.lastMs, true).durationMs).toBeLessThan(1_000);
  model.outline = new Outline(summary);
  const axis = axisOf([model], model.lastMs, true);
  expect(axis.durationMs).toBe(24_000);
  // Between the slices 7 and 230 there is nothing but a line of a log, which does not count.
  expect(axis.segments.filter(({ isIdle }) => isIdle)).toHaveLength(1);
  expect(layOut(model, new Set(), 1).boxes.map(({ kind }) => kind)).toContain("hits");
});

test("what has been read counts by its events, whatever the summary says of that time", () => {
  const model = new TimelineModel();
  new RunModel(model).takeAll(longRun(25_000));
  const read = axisOf([model], model.lastMs, true);
  model.outline = new Outline(summary);
  expect(axisOf([model], model.lastMs, true)).toEqual(read);
});
