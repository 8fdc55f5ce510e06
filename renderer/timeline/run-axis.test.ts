import { expect, test } from "vitest";
import type { LabEvent } from "../../electron/model/lab-event.ts";
import { RunModel } from "../../electron/model/run-model.ts";
import { RECORDED } from "./fixtures/recorded-runs.ts";
import { axisOf } from "./run-axis.ts";
import { TimelineModel } from "./timeline-model.ts";

const started = RECORDED.approvalTimeout.find((event) => event.type === "run.started");
if (started === undefined) throw new Error("the recorded run has no start");
const BEGAN = started;

function idleIn(
  events: readonly { atMs: number; type: string; [field: string]: unknown }[],
  untilMs: number,
): [number, number][] {
  const model = new TimelineModel();
  const run = new RunModel(model);
  run.take(BEGAN);
  let seq = BEGAN.seq;
  for (const event of [...events, { type: "warning", atMs: untilMs, code: "audit-log", message: "the last" }]) {
    const wallMs = BEGAN.wallMs + event.atMs;
    run.take({ runId: BEGAN.runId, seq: ++seq, wallMs, ...event } as unknown as LabEvent);
  }
  return axisOf([model], untilMs, true)
    .segments.filter(({ isIdle }) => isIdle)
    .map(({ startMs, endMs }) => [startMs, endMs]);
}

function call(startMs: number, endMs: number) {
  return {
    type: "call.ended",
    atMs: endMs,
    callId: `call at ${startMs}`,
    tool: "list_recent_charges",
    backend: "payments-mcp",
    sessionId: "session",
    turnId: "turn",
    traceId: "",
    spanId: "",
    startedWallMs: BEGAN.wallMs + startMs,
    endedWallMs: BEGAN.wallMs + endMs,
    outcome: "ok",
    attempts: 1,
    requestBytes: 1,
    replyBytes: 1,
  };
}

test("an idle period is collapsed", () => {
  expect(idleIn([], 10_000)).toHaveLength(1);
});

test("calls in progress are not idle; a long gap between calls is", () => {
  expect(idleIn([call(50, 9_900)], 10_000)).toEqual([]);
  const [between, ...others] = idleIn([call(50, 3_000), call(7_000, 9_900)], 10_000);
  expect(others).toEqual([]);
  expect(between?.[0]).toBeGreaterThanOrEqual(3_000);
  expect(between?.[1]).toBeLessThanOrEqual(7_000);
});

test("an allowed call is in progress, and not idle, until its end is recorded", () => {
  const allowed = {
    ...{ type: "call.decided", rowId: "1", atMs: 60, callId: "slow", sessionId: "session", turnId: "turn" },
    ...{ tool: "list_recent_charges", arguments: {}, decision: "allow", reason: "", backend: "payments-mcp" },
    ...{ decidedWallMs: BEGAN.wallMs + 50, durationMs: 1, traceId: "", spanId: "" },
  };
  const flight = { ...allowed, awaitsEnd: true };
  expect(idleIn([flight], 10_000)).toEqual([]);
  expect(idleIn([flight, { ...call(49, 9_900), callId: "slow" }], 10_000)).toEqual([]);
  expect(idleIn([allowed], 10_000)).toHaveLength(1);
});

test("a call within an idle period splits it in two", () => {
  const late = { ...call(4_000, 6_000), atMs: 10_000 };
  expect(idleIn([late], 10_000).map(([startMs, endMs]) => endMs <= 4_000 || startMs >= 6_000)).toEqual([true, true]);
});

test("a waiting approval is not idle", () => {
  const { approvalTimeout } = RECORDED;
  const model = new TimelineModel();
  new RunModel(model).takeAll(approvalTimeout);
  const { approvals } = model.lanes;
  const idle = axisOf([model], model.lastMs, true).segments.filter(({ isIdle }) => isIdle);
  expect(approvals.spans.length).toBe(1);
  for (const { startMs, endMs } of idle) {
    expect(endMs <= approvals.spans.startAt(0) || startMs >= approvals.spans.endAt(0)).toBe(true);
  }
});

test("a step in progress and a fault being applied are not idle; a step that waits and a fault in force may be", () => {
  const step = { atMs: 10, type: "step.started", step: "s1", kind: "http", label: "asks", background: false };
  expect(idleIn([step], 10_000)).toEqual([]);
  expect(idleIn([{ ...step, kind: "wait" }], 10_000)).toHaveLength(1);
  const fault = {
    fault: "f1",
    kind: "stop",
    target: "mock-slack",
    undo: "start",
    expiresWallMs: BEGAN.wallMs + 60_000,
  };
  const intended = { atMs: 10, type: "fault.intended", ...fault };
  expect(idleIn([intended, { atMs: 9_990, type: "fault.applied", fault: "f1", detail: "" }], 10_000)).toEqual([]);
  expect(idleIn([intended, { atMs: 20, type: "fault.applied", fault: "f1", detail: "" }], 10_000)).toHaveLength(1);
});
