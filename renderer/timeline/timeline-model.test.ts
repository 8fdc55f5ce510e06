import { expect, test } from "vitest";
import type { LabEvent } from "../../electron/model/lab-event.ts";
import { LANE_KINDS } from "../../electron/model/lanes.ts";
import { RunModel } from "../../electron/model/run-model.ts";
import { longRun, RECORDED } from "./fixtures/recorded-runs.ts";
import { labelText } from "./lane.ts";
import { layOut } from "./lane-layout.ts";
import { TimelineModel } from "./timeline-model.ts";

function modelOf(events: readonly LabEvent[]): TimelineModel {
  const model = new TimelineModel();
  new RunModel(model).takeAll(events);
  return model;
}

test("a call is one bar, labelled with its tool and all decisions", () => {
  const { calls, approvals } = modelOf(RECORDED.approvalTimeout).lanes;
  const labels = Array.from({ length: calls.spans.length }, (_, index) => labelText(calls.label(index)));
  expect(labels).toEqual(["list_recent_charges → allow", "create_refund → approvalRequired → expired"]);
  expect(labelText(approvals.label(0))).toBe("create_refund expired");
  expect(approvals.spans.endAt(0) - approvals.spans.startAt(0)).toBeGreaterThan(14_000);
});

test("decisions are drawn at the time of the decision, not of reading the row", () => {
  const { calls } = modelOf(RECORDED.retryStorm).lanes;
  const read = RECORDED.retryStorm.find((event) => event.type === "call.decided");
  expect(calls.spans.startAt(0)).toBeLessThan(read?.atMs ?? 0);
});

test("taking a run at once, one by one, or twice gives the same lanes", () => {
  const events = RECORDED.gatewayKilled;
  const atOnce = modelOf(events);
  const slowly = new TimelineModel();
  const run = new RunModel(slowly);
  for (const event of events) run.take(event);
  run.takeAll(events);
  for (const kind of LANE_KINDS) {
    const [a, b] = [atOnce.lanes[kind].spans, slowly.lanes[kind].spans];
    expect(b.length).toBe(a.length);
    for (let index = 0; index < a.length; index++) {
      expect([b.startAt(index), b.endAt(index), b.tone[index], b.row[index]]).toEqual([
        a.startAt(index),
        a.endAt(index),
        a.tone[index],
        a.row[index],
      ]);
    }
  }
});

test("open spans have an open end", () => {
  const running = modelOf(RECORDED.approvalTimeout.slice(0, 22));
  expect(running.lanes.approvals.spans.endAt(0)).toBe(Number.POSITIVE_INFINITY);
  expect(running.lanes.faults.spans.endAt(0)).toBe(Number.POSITIVE_INFINITY);
});

/** Events that the recorded run does not contain, and its end. */
function withRareEvents(): LabEvent[] {
  const last = RECORDED.approvalTimeout.at(-1);
  const fault = RECORDED.approvalTimeout.find((event) => event.type === "fault.intended");
  if (last === undefined || fault === undefined) throw new Error("the recorded run is incomplete");
  const at = (seq: number) => ({ runId: last.runId, seq: last.seq + seq, atMs: last.atMs, wallMs: last.wallMs });
  return [
    { ...at(0), type: "fault.hit", fault: fault.fault, link: "gateway->mock-slack", effect: "slowed down" },
    { ...at(1), type: "warning", code: "audit-log", message: "a warning" },
    { ...at(2), type: "service.logs-dropped", service: "gateway", lines: 3 },
    { ...last, ...at(3) },
  ];
}

test("every kind of event is handled", () => {
  const model = modelOf([...RECORDED.approvalTimeout.slice(0, -1), ...withRareEvents()]);
  expect(model.hasEnded).toBe(true);
  for (const kind of ["steps", "faults", "hits", "health", "calls", "approvals", "checks", "logs"] as const) {
    expect(model.lanes[kind].spans.length, kind).toBeGreaterThan(0);
  }
});

test("selecting the end of a step or a fault, or a later decision, selects its bar", () => {
  const model = modelOf(RECORDED.approvalTimeout);
  for (const event of RECORDED.approvalTimeout) {
    if (event.type === "step.ended")
      expect(model.lanes.steps.spans.indexOfSeq(model.spanSeq(event.seq))).toBeGreaterThanOrEqual(0);
    if (event.type === "fault.undone") expect(model.lanes.faults.spans.indexOfSeq(model.spanSeq(event.seq))).toBe(0);
    if (event.type === "call.decided")
      expect(model.lanes.calls.spans.indexOfSeq(model.spanSeq(event.seq))).toBeGreaterThanOrEqual(0);
  }
});

test("failures are listed in log order", () => {
  const { errorSeqs } = modelOf(RECORDED.retryStorm);
  const failures = RECORDED.retryStorm.filter(
    (event) =>
      (event.type === "call.decided" && event.decision !== "allow") ||
      (event.type === "health.changed" && event.to === "down"),
  );
  expect(errorSeqs).toEqual(failures.map(({ seq }) => seq));
});

test("a very long run has the same number of rows", () => {
  const short = layOut(modelOf(longRun(100)), new Set(), 1);
  const long = layOut(modelOf(longRun(20_000)), new Set(), 1);
  expect(long.heightPx).toBe(short.heightPx);
});

test("a run has the lanes that it may fill, also when it has ended with none of them filled; a trace only those that it has", () => {
  const lanesOf = (events: readonly LabEvent[]) => layOut(modelOf(events), new Set(), 1).boxes.map(({ kind }) => kind);
  const [begun] = RECORDED.gatewayKilled;
  const phase = RECORDED.gatewayKilled.find(({ type }) => type === "phase.started");
  const last = RECORDED.gatewayKilled.at(-1);
  if (begun === undefined || phase === undefined || last === undefined) throw new Error("no events");
  const ofRuns = ["phases", "steps", "health", "calls"];
  expect(lanesOf([begun])).toEqual(ofRuns);
  expect(lanesOf([begun, { ...phase, seq: 2 }, { ...last, seq: 3 }])).toEqual(ofRuns);
  expect(lanesOf([begun, { ...last, seq: 2 }])).toEqual([]);
});
