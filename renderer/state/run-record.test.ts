import { expect, test } from "vitest";
import { RunModel } from "../../electron/model/run-model.ts";
import { shownOf } from "../../electron/testing/shown-of.ts";
import { longRun, RECORDED } from "../timeline/fixtures/recorded-runs.ts";
import { RunRecord } from "./run-record.ts";

const allSaved = (lastSeq: number) => ({ lastSeq, savedSeq: lastSeq, unsaved: null });

function recordOf(events: typeof RECORDED.approvalTimeout, batch = 256): RunRecord {
  const record = new RunRecord("run");
  for (let at = 0; at < events.length; at += batch) record.take(events.slice(at, at + batch), allSaved(events.length));
  return record;
}

test("the view at a moment contains what had happened by then, in any order of moments", () => {
  const events = RECORDED.gatewayKilled;
  const record = recordOf(events, 7);
  for (const ms of [2_700, 0, 91.2, 109.9, 45, 366.4, -1, 231.6, 1e9]) {
    const known = RunModel.of(events.filter((event) => event.atMs <= ms));
    expect(shownOf(record.viewAt(ms))).toEqual(shownOf(known));
  }
  expect(record.viewAt(undefined)).toBe(record.view);
});

test("a moment of a long run is found", () => {
  const events = longRun(10_000);
  const record = recordOf(events);
  const ms = events[7_123]?.atMs ?? 0;
  expect(record.viewAt(ms).seq).toBe(7_124);
  expect(shownOf(record.viewAt(ms))).toEqual(shownOf(RunModel.of(events.slice(0, 7_124))));
});

test("a resumed stream may repeat events", () => {
  const events = RECORDED.retryStorm;
  const record = recordOf(events.slice(0, 20));
  record.take(events.slice(10), allSaved(events.length));
  expect(record.items).toHaveLength(events.length);
  expect(shownOf(record.view)).toEqual(shownOf(RunModel.of(events)));
});

test("lines that were not sent leave no gap, and their numbers have no event", () => {
  const record = recordOf(RECORDED.retryStorm.slice(0, 3));
  record.take([{ type: "skipped", fromSeq: 4, toSeq: 9, atMs: 5, lines: { gateway: 6 } }], allSaved(9));
  expect([record.view.seq, record.view.lastMs, record.timeline.lastMs]).toEqual([9, 5, 5]);
  expect(record.event(3)?.seq).toBe(3);
  expect(record.event(7)).toBeUndefined();
  expect(record.event(99)).toBeUndefined();
});

test("unsaved events are marked from the first one until they are saved", () => {
  const events = RECORDED.retryStorm.slice(0, 20);
  const record = new RunRecord("run");
  const unsaved = { sinceWallMs: 1, reason: "the disk is full" };
  record.take(events, { lastSeq: 20, savedSeq: 12, unsaved });
  expect(record.items.filter((item) => !record.isSaved(item))).toEqual(events.slice(12));
  expect(record.timeline.unsavedFromMs).toBe(events[12]?.atMs);
  expect(record.unsaved).toEqual(unsaved);
  record.take([], allSaved(20));
  expect(record.items.every((item) => record.isSaved(item))).toBe(true);
  expect(record.timeline.unsavedFromMs).toBeUndefined();
  expect(record.unsaved).toBeNull();
});
