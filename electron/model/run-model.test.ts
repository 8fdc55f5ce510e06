import { describe, expect, test } from "vitest";
import { callEnded, decided, eventAt, eventsOf, passed, sampleRun, started } from "../testing/sample-events.ts";
import { shownOf } from "../testing/shown-of.ts";
import { CATALOGUE } from "./catalogue/catalogue.ts";
import { DECISIONS, type LabEvent, type LabEventBody, labEvent } from "./lab-event.ts";
import { RunModel } from "./run-model.ts";
import { decidedCalls, healthOf, hitsOn, servicesOf } from "./run-view.ts";
import { isOpen, OPEN } from "./span.ts";

test("the sample contains every event type, so that the tests below cover all of them", () => {
  const known = labEvent.options.map((option) => option.shape.type.value);
  expect(new Set(sampleRun().map(({ type }) => type))).toEqual(new Set(known));
  expect(new Set(Object.keys(CATALOGUE))).toEqual(new Set(known));
  for (const event of sampleRun()) expect(labEvent.parse(event)).toEqual(event);
});

test("shows a whole run", () => {
  const view = RunModel.of(sampleRun());
  expect(view).toMatchObject({
    seq: 20,
    runId: "run-1",
    lastMs: 200,
    phases: [{ name: "method", startMs: 20, endMs: 200 }],
    steps: [{ startMs: 40, endMs: 80, status: "ok", attributes: { step: "step-1", output: "slack stopped" } }],
    faults: [
      {
        name: "stop slack",
        startMs: 50,
        endMs: 140,
        status: "restored",
        attributes: { appliedMs: 60, target: "slack" },
      },
    ],
    hits: [{ atMs: 70, event: { link: "gateway->slack" } }],
    calls: [{ name: "create_refund", startMs: 95, endMs: 125, attributes: { arguments: { charge_id: "ch_1" } } }],
    approvals: [{ name: "create_refund", startMs: 100, endMs: 120, status: "expired", parent: "call 1" }],
    wireCalls: [
      { name: "create_refund", startMs: 94, endMs: 126, status: "error", attributes: { link: "agent->gateway" } },
    ],
    ended: { outcome: "passed", atMs: 200 },
  });
  expect(healthOf(view, "gateway")?.status).toBe("up");
  expect(view.calls[0]?.attributes.decisions.map(({ event }) => event.decision)).toEqual([
    "approvalRequired",
    "expired",
  ]);
  expect(view.warnings.map(({ event }) => event.message)).toEqual(["a warning"]);
  expect(view.checks).toHaveLength(1);
});

describe("as of an earlier event", () => {
  test("is what was known then, for every event of a run", () => {
    const events = sampleRun();
    const whole = RunModel.of(events);
    for (let seq = 0; seq <= events.length; seq++) {
      const known = RunModel.of(events.slice(0, seq));
      expect(shownOf(whole.asOf(seq, seq * 10)), `after ${seq}`).toEqual(shownOf(known));
    }
  });

  test("does not change when the run continues", () => {
    const events = sampleRun();
    const model = RunModel.of(events.slice(0, 7));
    const before = model.asOf(7, 70);
    const shown = structuredClone(shownOf(before));
    model.takeAll(events);
    expect(shownOf(before)).toEqual(shown);
  });
});

test("events taken one by one and in batches give the same view", () => {
  const events = sampleRun();
  const whole = shownOf(RunModel.of(events));
  for (let cut = 0; cut <= events.length; cut++) {
    const model = RunModel.of(events.slice(0, cut));
    model.takeAll(events.slice(cut));
    expect(shownOf(model)).toEqual(whole);
  }
});

describe("follows the sequence numbers of the log", () => {
  test("ignores known events, so that a resumed stream may overlap", () => {
    const events = sampleRun();
    const model = RunModel.of(events.slice(0, 10));
    model.takeAll(events.slice(4));
    expect(shownOf(model)).toEqual(shownOf(RunModel.of(events)));
  });

  test("refuses a gap and reports it, since the view would be wrong", () => {
    const events = sampleRun();
    const model = RunModel.of(events.slice(0, 4));
    expect(() => model.take(events[5] as LabEvent)).toThrow("event 6 does not follow 4");
    expect(() => model.skip({ fromSeq: 6, toSeq: 9, atMs: 60 })).toThrow("event 6 does not follow 4");
    expect(() => RunModel.of(events.slice(1))).toThrow(RangeError);
  });

  test("continues after lines that were not sent", () => {
    const model = RunModel.of(sampleRun().slice(0, 4));
    model.skip({ fromSeq: 5, toSeq: 900, atMs: 77 });
    expect(model).toMatchObject({ seq: 900, lastMs: 77 });
    model.take({ ...eventAt(901, { type: "phase.started", phase: "checks" }), atMs: 80 });
    expect(model.phases).toMatchObject([{ endMs: 80 }, { name: "checks" }]);
  });
});

test("a wall clock that jumps back moves nothing: the view uses the monotonic one", () => {
  const [first, second] = eventsOf([started, { type: "phase.started", phase: "prepare" }]);
  const view = RunModel.of([first as LabEvent, { ...(second as LabEvent), wallMs: 0 }]);
  expect(view.lastMs).toBe(20);
  expect(view.phases).toMatchObject([{ startMs: 20 }]);
});

describe("a time of the gateway's clock", () => {
  const START_WALL_MS = 1_700_000_000_000;
  /** A call of 5 ms, decided at this time of the gateway's, and read 40 ms after the run began. */
  const callAt = (decidedWallMs: number) => {
    const events = eventsOf([started, started, started, decided({ decidedWallMs })]);
    const view = RunModel.of([events[0] as LabEvent, { ...(events[3] as LabEvent), seq: 2 }]);
    return [view.calls[0]?.startMs, view.calls[0]?.endMs, view.decisions[0]?.atMs];
  };

  test("is that of the decision, not of reading the row", () => {
    expect(callAt(START_WALL_MS + 25)).toEqual([20, 25, 25]);
  });

  test("is neither before the run nor after its event, however wrong that clock is", () => {
    expect(callAt(START_WALL_MS - 90_000)).toEqual([0, 0, 0]);
    expect(callAt(START_WALL_MS + 90_000)).toEqual([35, 40, 40]);
  });

  test("is that of its event, in a log whose start is missing", () => {
    const view = RunModel.of([eventAt(1, decided({ durationMs: 60_000 }))]);
    expect(view.calls).toMatchObject([{ startMs: 0, endMs: 10 }]);
  });
});

test("a service may have any name, also one of an object's own properties", () => {
  const names = ["constructor", "toString", "__proto__", "hasOwnProperty"];
  const bodies = names.flatMap((service) => [
    { type: "health.changed" as const, service, from: "unknown" as const, to: "up" as const, reason: "" },
    { type: "service.log" as const, service, stream: "stdout" as const, line: "hello" },
  ]);
  const view = RunModel.of(eventsOf(bodies));
  for (const name of names) expect(healthOf(view, name)?.status, name).toBe("up");
  expect(servicesOf(view)).toEqual(names);
});

test("the end of something that never started, as in a truncated log, changes nothing", () => {
  const view = RunModel.of(
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

test("with several steps of one id, as in a repeated method, the last one ends", () => {
  const begin = { type: "step.started" as const, step: "step-1", kind: "call", label: "call", background: false };
  const view = RunModel.of(
    eventsOf([begin, begin, { type: "step.ended", step: "step-1", outcome: "failed", error: "no" }]),
  );
  expect(view.steps.map(({ status }) => status)).toEqual(["running", "failed"]);
});

test("a call stays open while it waits for approval", () => {
  const asked = decided({ decision: "approvalRequired", decidedWallMs: 1_700_000_000_015 });
  const waiting = RunModel.of(eventsOf([started, asked]));
  expect([...waiting.calls, ...waiting.approvals].every(isOpen)).toBe(true);
  const answered = decided({ decision: "approved", decidedWallMs: 1_700_000_000_025 });
  const view = RunModel.of(eventsOf([started, asked, answered]));
  expect([...view.calls, ...view.approvals].map(({ endMs }) => endMs)).toEqual([25, 25]);
});

describe("a call lasts until it has ended", () => {
  const allowed = decided({ decidedWallMs: 1_700_000_000_020, durationMs: 5 });
  const ended = callEnded({ startedWallMs: 1_700_000_000_015, endedWallMs: 1_700_000_000_030 });
  const boundsOf = (...bodies: LabEventBody[]) =>
    RunModel.of(eventsOf([started, ...bodies])).calls.map(({ startMs, endMs }) => [startMs, endMs]);

  test("whichever of its decisions and its end is read first", () => {
    const failed = decided({ rowId: "2", decision: "upstream_error", decidedWallMs: 1_700_000_000_029 });
    expect(boundsOf(allowed)).toEqual([[15, 20]]);
    expect(boundsOf(started, allowed, ended)).toEqual([[15, 30]]);
    expect(boundsOf(started, ended, allowed)).toEqual([[15, 30]]);
    expect(boundsOf(started, allowed, ended, failed)).toEqual([[15, 30]]);
  });

  test("as known at each moment", () => {
    const model = RunModel.of(eventsOf([started, started, allowed, ended]));
    expect(model.asOf(3, 30).calls).toMatchObject([{ endMs: 20 }]);
    expect(model.asOf(4, 40).calls).toMatchObject([{ endMs: 30, attributes: { end: { outcome: "ok" } } }]);
  });

  test("and one without a decision is shown but not counted by checks", () => {
    const busy = callEnded({ callId: "other", outcome: "busy" });
    const view = RunModel.of(eventsOf([started, allowed, busy]));
    expect(view.calls.map(({ status, attributes }) => [attributes.callId, status])).toEqual([
      ["call-1", "allow"],
      ["other", "busy"],
    ]);
    expect(decidedCalls(view).map(({ attributes }) => attributes.callId)).toEqual(["call-1"]);
  });

  test("with the arguments from its decisions, whichever comes first", () => {
    const row = decided({ arguments: { charge_id: "ch_1" } });
    for (const bodies of [
      [ended, row],
      [row, ended],
    ]) {
      const [call] = RunModel.of(eventsOf([started, ...bodies])).calls;
      expect(call?.attributes.arguments).toEqual({ charge_id: "ch_1" });
    }
  });
});

describe("a call whose end follows", () => {
  const row = { awaitsEnd: true as const, decidedWallMs: 1_700_000_000_020 };
  const ended = callEnded({ startedWallMs: 1_700_000_000_015, endedWallMs: 1_700_000_000_060, outcome: "refused" });
  const endsOf = (...bodies: LabEventBody[]) =>
    RunModel.of(eventsOf([started, started, ...bodies])).calls.map(({ endMs }) => endMs);

  test.each(DECISIONS)("is not ended by %s: it lasts until its end", (decision) => {
    const word = decided({ ...row, decision });
    expect(endsOf(word)).toEqual([OPEN]);
    expect(endsOf(word, started, started, started, ended)).toEqual([60]);
    expect(endsOf(started, started, started, ended, word)).toEqual([60]);
  });

  test("but never arrives stays open after the run, as everything that did not end", () => {
    expect(endsOf(decided(row), passed)).toEqual([OPEN]);
  });

  test("ends with a decision without awaitsEnd: its gateway was killed", () => {
    const asked = decided({ ...row, decision: "approvalRequired" });
    const expired = decided({ rowId: "2", decision: "expired", decidedWallMs: 1_700_000_000_040 });
    expect(endsOf(asked, started, expired)).toEqual([40]);
  });
});

describe("a call is below the step that made it", () => {
  const begins = (step: string, kind: string): LabEventBody => ({
    ...{ type: "step.started", step, kind, label: kind, background: false },
  });
  const ends = (step: string, turnId?: string): LabEventBody => ({
    ...{ type: "step.ended", step, outcome: "ok", output: { turnId } },
  });
  /** In a run whose events are ten milliseconds apart, the first of them at 10. */
  const callAt = (ms: number, turnId = "turn-1", callId = turnId) =>
    decided({ callId, turnId, decidedWallMs: 1_700_000_000_000 + ms, durationMs: 0 });
  const stepsOf = (...bodies: LabEventBody[]) =>
    RunModel.of(eventsOf([started, ...bodies])).calls.map(({ parent, attributes }) => [parent, attributes.joinedBy]);

  test("which is the one in progress, preferably one that calls tools, also for a late event", () => {
    const steps = [begins("a", "storm"), begins("b", "wait")];
    expect(stepsOf(...steps, callAt(35))).toEqual([["step 1", "time"]]);
    expect(stepsOf(...steps, ends("a"), ends("b"), begins("c", "agent"), callAt(35))).toEqual([["step 1", "time"]]);
    expect(stepsOf(begins("a", "wait"), callAt(25))).toEqual([["step 1", "time"]]);
    expect(stepsOf(begins("a", "agent"), ends("a"), callAt(90))).toEqual([[undefined, undefined]]);
  });

  test("and all calls of its turn with it", () => {
    expect(stepsOf(begins("a", "storm"), callAt(25), begins("b", "storm"), callAt(45, "turn-1", "2"))).toEqual([
      ["step 1", "time"],
      ["step 1", "time"],
    ]);
  });

  test("which is the one that reports the turn; before that it is the one in progress", () => {
    const bodies = [begins("a", "agent"), begins("b", "agent"), callAt(35), ends("a", "turn-1")];
    expect(stepsOf(...bodies.slice(0, 3))).toEqual([["step 2", "time"]]);
    expect(stepsOf(...bodies)).toEqual([["step 1", "turn"]]);
    expect(stepsOf(...bodies, callAt(36, "turn-1", "late"))).toEqual([
      ["step 1", "turn"],
      ["step 1", "turn"],
    ]);
    expect(RunModel.of(eventsOf([started, ...bodies])).asOf(4, 40).calls).toMatchObject([{ parent: "step 2" }]);
  });

  test("of two steps with one id, as in a repeated method, each has its own", () => {
    const twice = ["1", "2"].flatMap((turn, nth) => [begins("a", "call"), callAt(25 + 30 * nth, turn), ends("a")]);
    expect(stepsOf(...twice)).toEqual([
      ["step 1", "time"],
      ["step 2", "time"],
    ]);
  });
});

test("a hit that arrives after the undo has counted them is not counted twice", () => {
  const at = (seq: number) => ({ runId: "r", seq, atMs: seq, wallMs: seq });
  const link = "a->b";
  const hit = { type: "fault.hit" as const, fault: "f", link, effect: "answered" };
  const events: LabEvent[] = [
    { ...at(1), type: "fault.intended", fault: "f", kind: "http_status", target: link, undo: "", expiresWallMs: 0 },
    { ...at(2), ...hit },
    { ...at(3), type: "fault.undone", fault: "f", result: "restored", detail: "", hits: 2 },
    { ...at(4), ...hit },
  ];
  const counts = events.map((_event, index) => {
    const view = RunModel.of(events.slice(0, index + 1));
    return view.faults.map((fault) => hitsOn(view, fault))[0];
  });
  expect(counts).toEqual([0, 1, 2, 2]);
  expect(RunModel.of(events).hits).toHaveLength(2);
});

test("a call is linked with the fault that its request met, whichever event comes first", () => {
  const fault: LabEventBody = {
    type: "fault.intended",
    fault: "f",
    kind: "reset",
    target: "a->b",
    undo: "",
    expiresWallMs: 0,
  };
  const hit: LabEventBody = { type: "fault.hit", fault: "f", link: "a->b", effect: "reset", traceId: "t1" };
  const [ours, other] = [decided({ callId: "1", traceId: "t1" }), decided({ callId: "2", traceId: "t2" })];
  for (const bodies of [
    [started, fault, hit, ours, other],
    [started, fault, ours, other, hit],
  ]) {
    expect(RunModel.of(eventsOf(bodies)).calls.map(({ links }) => links)).toEqual([["fault 1"], []]);
  }
});
