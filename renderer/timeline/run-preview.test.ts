import { expect, test } from "vitest";
import type { LaneSummary } from "../../electron/contract/history.ts";
import { RunModel } from "../../electron/model/run-model.ts";
import { longRun } from "./fixtures/recorded-runs.ts";
import { layOut } from "./lane-layout.ts";
import { axisOf } from "./run-axis.ts";
import { RunPreview } from "./run-preview.ts";
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

test("every lane of a summary is in a lane of the timeline, failures last, so that nothing is drawn over them", () => {
  const preview = new RunPreview(summary);
  expect(preview.marks("calls").map(({ tone }) => tone)).toEqual(["allow", "approvalRequired", "upstream_error"]);
  expect(preview.marks("approvals").map(({ slices }) => slices)).toEqual([[4]]);
  expect(preview.marks("checks").map(({ tone }) => tone)).toEqual(["warning"]);
  expect(preview.marks("logs")).toEqual([{ rowTitle: "gateway", tone: "log", slices: [1, 100] }]);
  expect(preview.marks("health")).toEqual([]);
});

test("the axis covers the whole run from the first events on, with idle time collapsed", () => {
  const model = new TimelineModel();
  new RunModel(model).takeAll(longRun(500));
  expect(axisOf([model], model.lastMs, true).durationMs).toBeLessThan(1_000);
  model.preview = new RunPreview(summary);
  const axis = axisOf([model], model.lastMs, true);
  expect(axis.durationMs).toBe(24_000);
  // Between the slices 7 and 230 there is only a log line, which does not count.
  expect(axis.segments.filter(({ isIdle }) => isIdle)).toHaveLength(1);
  expect(layOut(model, new Set(), 1).boxes.map(({ kind }) => kind)).toContain("hits");
});

test("for loaded events the summary is ignored", () => {
  const model = new TimelineModel();
  new RunModel(model).takeAll(longRun(25_000));
  const read = axisOf([model], model.lastMs, true);
  model.preview = new RunPreview(summary);
  expect(axisOf([model], model.lastMs, true)).toEqual(read);
});
