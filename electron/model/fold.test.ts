import { describe, expect, test } from "vitest";
import { callEnded, decided, eventAt, eventsOf, sampleRun, started } from "../testing/sample-events.ts";
import { emptyRunView, fold, foldAll } from "./fold.ts";
import { type LabEvent, type LabEventBody, labEvent } from "./lab-event.ts";

function deepFreeze<Value>(value: Value): Value {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
}

test("the sample holds every type of event there is, so that nothing below is tested on a part of them", () => {
  const known = labEvent.options.map((option) => option.shape.type.value);
  expect(new Set(sampleRun().map(({ type }) => type))).toEqual(new Set(known));
  for (const event of sampleRun()) expect(labEvent.parse(event)).toEqual(event);
});

test("shows a whole run", () => {
  const view = foldAll(emptyRunView, sampleRun());
  expect(view).toMatchObject({
    seq: 17,
    runId: "run-1",
    lastMs: 170,
    phases: [{ phase: "method", startMs: 20 }],
    steps: [{ step: "step-1", startMs: 40, endMs: 80, outcome: "ok", output: "slack stopped" }],
    faults: [{ target: "slack", intendedMs: 50, appliedMs: 60, undoneMs: 140, result: "restored", hits: 1 }],
    hits: [{ link: "gateway->slack" }],
    calls: [
      { tool: "create_refund", arguments: { charge_id: "ch_1" }, startMs: 85, endMs: 115, end: { outcome: "refused" } },
    ],
    approvals: [{ tool: "create_refund", startMs: 110, endMs: 120, result: "expired" }],
    logs: { gateway: { lines: 1, dropped: 3 } },
    ended: { outcome: "passed", atMs: 170 },
  });
  expect(view.health.gateway?.at(-1)?.to).toBe("up");
  expect(view.calls[0]?.decisions.map(({ decision }) => decision)).toEqual(["approvalRequired", "expired"]);
  expect(view.warnings.map(({ message }) => message)).toEqual(["a warning"]);
  expect(view.checks).toHaveLength(1);
});

describe("is pure", () => {
  test("neither the view nor the events are touched, at any point of a run", () => {
    let view = deepFreeze(structuredClone(emptyRunView));
    for (const event of deepFreeze(sampleRun())) {
      const before = structuredClone(view);
      const next = fold(view, event);
      expect(view).toEqual(before);
      view = deepFreeze(next);
    }
  });

  test("one by one, in any batches and twice from the same view give the same picture", () => {
    const events = sampleRun();
    const whole = foldAll(emptyRunView, events);
    expect(events.reduce(fold, emptyRunView)).toEqual(whole);
    for (let cut = 0; cut <= events.length; cut++) {
      const first = foldAll(emptyRunView, events.slice(0, cut));
      expect(foldAll(first, events.slice(cut))).toEqual(whole);
      expect(foldAll(first, events.slice(cut))).toEqual(whole);
    }
  });
});

test("two logs that go on from one view differently do not see each other's calls", () => {
  const call = (callId: string, decision: "allow" | "upstream_error" = "allow") => decided({ callId, decision });
  const base = foldAll(emptyRunView, eventsOf([started, call("a")]));
  const rest = (...bodies: LabEventBody[]) => bodies.map((body, index) => eventAt(index + 3, body));
  const left = [call("x"), call("y"), call("x", "upstream_error"), call("a", "upstream_error")];
  const right = [call("y"), call("x"), call("y", "upstream_error"), call("z")];
  const decisionsOf = (bodies: LabEventBody[]) => {
    // In turn, each view from the one before it, so that the two meet at every step.
    let [one, other] = [base, base];
    for (const [index, event] of rest(...bodies).entries()) {
      one = fold(one, event);
      other = fold(other, rest(...(bodies === left ? right : left))[index] as LabEvent);
    }
    return one.calls.map(({ callId, decisions }) => `${callId} ${decisions.map(({ decision }) => decision)}`);
  };
  expect(decisionsOf(left)).toEqual(["a allow,upstream_error", "x allow,upstream_error", "y allow"]);
  expect(decisionsOf(right)).toEqual(["a allow", "y allow,upstream_error", "x allow", "z allow"]);
});

describe("a call lasts until it has ended", () => {
  const allowed = decided({ decidedWallMs: 1_700_000_000_100, durationMs: 5 });
  const ended = callEnded({ startedWallMs: 1_700_000_000_095, endedWallMs: 1_700_000_000_900 });
  const callsOf = (...bodies: LabEventBody[]) =>
    foldAll(emptyRunView, eventsOf([started, ...bodies])).calls.map(({ startMs, endMs }) => [startMs, endMs]);

  test("whichever of its decisions and its end is read first", () => {
    expect(callsOf(allowed)).toEqual([[85, 90]]);
    expect(callsOf(allowed, ended)).toEqual([[85, 890]]);
    expect(callsOf(ended, allowed)).toEqual([[85, 890]]);
    const failed = decided({ rowId: "2", decision: "upstream_error", decidedWallMs: 1_700_000_000_899 });
    expect(callsOf(allowed, ended, failed)).toEqual([[85, 890]]);
  });

  test("and one that no decision was made on is none that checks go by", () => {
    const busy = callEnded({ callId: "other", outcome: "busy" });
    const view = foldAll(emptyRunView, eventsOf([started, allowed, busy]));
    expect(view.calls.map(({ callId }) => callId)).toEqual(["call-1"]);
    expect(view.ends).toMatchObject([{ callId: "other", outcome: "busy" }]);
  });

  test("also in two logs that go on from one view differently", () => {
    const base = foldAll(emptyRunView, eventsOf([started, decided({ callId: "a" })]));
    const end = (callId: string) => callEnded({ callId });
    const on = (...bodies: LabEventBody[]) =>
      foldAll(
        base,
        bodies.map((body, index) => eventAt(index + 3, body)),
      ).calls.map(({ callId, end }) => [callId, end?.callId]);
    expect(on(end("b"), end("a"), decided({ callId: "b" }))).toEqual([
      ["a", "a"],
      ["b", "b"],
    ]);
    expect(on(end("c"), decided({ callId: "b" }), decided({ callId: "c" }))).toEqual([
      ["a", undefined],
      ["b", undefined],
      ["c", "c"],
    ]);
  });
});

describe("keeps to the numbers of the log", () => {
  test("passes over what it has, so a resumed stream may overlap", () => {
    const events = sampleRun();
    const half = foldAll(emptyRunView, events.slice(0, 10));
    expect(foldAll(half, events.slice(4))).toEqual(foldAll(emptyRunView, events));
    expect(foldAll(half, events.slice(0, 10))).toEqual(half);
  });

  test("refuses a gap and names it, since it would show a wrong picture", () => {
    const events = sampleRun();
    const half = foldAll(emptyRunView, events.slice(0, 4));
    expect(() => fold(half, events[5] as LabEvent)).toThrow("event 6 does not follow 4");
    expect(() => foldAll(emptyRunView, events.slice(1))).toThrow(RangeError);
  });
});

test("a wall clock that jumps back moves nothing: the view lives on the monotonic one", () => {
  const [first, second] = eventsOf([started, { type: "phase.started", phase: "prepare" }]);
  const view = foldAll(emptyRunView, [first as LabEvent, { ...(second as LabEvent), wallMs: 0 }]);
  expect(view.lastMs).toBe(20);
});

test("a service may have any name, also one that every object answers to", () => {
  const names = ["constructor", "toString", "__proto__", "hasOwnProperty"];
  const bodies = names.flatMap((service) => [
    { type: "health.changed" as const, service, from: "unknown" as const, to: "up" as const, reason: "" },
    { type: "service.log" as const, service, stream: "stdout" as const, line: "hello" },
  ]);
  const view = foldAll(emptyRunView, eventsOf([started, ...bodies]));
  for (const name of names) {
    expect(view.health[name], name).toHaveLength(1);
    expect(view.logs[name], name).toEqual({ lines: 1, dropped: 0 });
  }
  expect(Object.keys(view.health)).toEqual(names);
});

test("the end of something that never began, as in a log that was cut, changes nothing", () => {
  const view = foldAll(
    emptyRunView,
    eventsOf([
      started,
      { type: "step.ended", step: "step-9", outcome: "ok" },
      { type: "fault.undone", fault: "nobody", result: "restored", detail: "" },
      decided({ decision: "approved" }),
    ]),
  );
  expect(view).toMatchObject({ steps: [], faults: [], approvals: [] });
  expect(view.calls).toHaveLength(1);
});

test("of steps with one id, as in a method done twice, the last one ends", () => {
  const begin = { type: "step.started" as const, step: "step-1", kind: "call", label: "call", background: false };
  const view = foldAll(
    emptyRunView,
    eventsOf([begin, begin, { type: "step.ended", step: "step-1", outcome: "failed", error: "no" }]),
  );
  expect(view.steps.map(({ outcome }) => outcome)).toEqual([undefined, "failed"]);
});

test("a call that is slower than the run is old begins with it, not before", () => {
  const view = fold(emptyRunView, eventAt(1, decided({ durationMs: 60_000 })));
  expect(view.calls[0]?.startMs).toBe(0);
});

test("a hit that is told of after the undo has counted them is not counted twice", () => {
  const at = (seq: number) => ({ runId: "r", seq, atMs: seq, wallMs: seq });
  const link = "a->b";
  const view = foldAll(emptyRunView, [
    { ...at(1), type: "fault.intended", fault: "f", kind: "http_status", target: link, undo: "", expiresWallMs: 0 },
    { ...at(2), type: "fault.hit", fault: "f", link, effect: "answered" },
    { ...at(3), type: "fault.undone", fault: "f", result: "restored", detail: "", hits: 2 },
    { ...at(4), type: "fault.hit", fault: "f", link, effect: "answered" },
  ]);
  expect(view.faults).toMatchObject([{ hits: 2 }]);
  expect(view.hits).toHaveLength(2);
});
