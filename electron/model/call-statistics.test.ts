import { expect, test } from "vitest";
import { LEAST_SAMPLES, samplesOf, statisticsOf, stretchesOf } from "./call-statistics.ts";
import type { LabEvent, LabEventBody } from "./lab-event.ts";
import { RunModel } from "./run-model.ts";

/** A run whose clock starts at the epoch, of events at these milliseconds. */
function runOf(...timed: (readonly [atMs: number, body: object])[]) {
  const started = { type: "run.started", services: [], without: [], scenario: { id: "s", title: "s", patterns: [] } };
  return RunModel.of(
    [[0, started] as const, ...timed].map(
      ([atMs, body], at) => ({ runId: "r", seq: at + 1, atMs, wallMs: atMs, ...body }) as LabEvent,
    ),
  );
}

const decided = (call: string, tool: string, atMs: number, decision = "allow"): [number, object] => [
  atMs,
  {
    type: "call.decided",
    rowId: `${call} ${decision}`,
    callId: call,
    sessionId: "",
    turnId: call,
    tool,
    arguments: {},
    decision,
    reason: "",
    backend: "b",
    decidedWallMs: atMs,
    durationMs: 0,
    traceId: "",
    spanId: "",
    awaitsEnd: true,
  },
];

const ended = (call: string, tool: string, startMs: number, endMs: number, outcome = "ok"): [number, object] => [
  endMs,
  {
    type: "call.ended",
    callId: call,
    sessionId: "",
    turnId: call,
    tool,
    backend: "b",
    startedWallMs: startMs,
    endedWallMs: endMs,
    outcome,
    attempts: 1,
    requestBytes: 1,
    replyBytes: 1,
    traceId: "",
    spanId: "",
  },
];

const exchange = (call: string, link: string, startMs: number, endMs: number, more: object = {}): [number, object] => [
  endMs,
  {
    type: "wire.call",
    call,
    link,
    http: "POST /mcp",
    requestBytes: 1,
    replyBytes: 1,
    outcome: "ok",
    faults: [],
    startedWallMs: startMs,
    endedWallMs: endMs,
    ...more,
  },
];

const fault = (name: string, fromMs: number, toMs: number): [number, object][] => [
  [fromMs, { type: "fault.intended", fault: name, kind: "stop", target: name, undo: "start", expiresWallMs: 0 }],
  [fromMs, { type: "fault.applied", fault: name, detail: "" }],
  [toMs, { type: "fault.undone", fault: name, result: "restored", detail: "" }],
];

const inOrder = (...timed: [number, object][]) => timed.toSorted(([one], [other]) => one - other);

test("a call is before, during or after the faults by its own times, whichever event reports it", () => {
  const view = runOf(
    ...inOrder(
      ...fault("f", 100, 200),
      decided("early", "get", 10),
      ended("early", "get", 10, 99),
      decided("into", "get", 90),
      ended("into", "get", 90, 150),
      decided("out", "get", 199),
      ended("out", "get", 199, 300, "upstream_error"),
      decided("late", "get", 201),
      ended("late", "get", 201, 202),
    ),
  );
  const { calls, stretches } = samplesOf(view);
  expect(stretches).toEqual([{ fromMs: 100, toMs: 200, faults: ["stop f"] }]);
  expect(calls.map(({ startMs, durationMs, period, isError }) => [startMs, durationMs, period, isError])).toEqual([
    [10, 89, "before", false],
    [90, 60, "during", false],
    [199, 101, "during", true],
    [201, 1, "after", false],
  ]);
});

test("what lies between two faults is after the first, and faults that overlap are one stretch", () => {
  const view = runOf(
    ...inOrder(...fault("f", 100, 200), ...fault("g", 150, 250), ...fault("h", 400, 500), [300, { type: "warning" }]),
  );
  expect(stretchesOf(view)).toEqual([
    { fromMs: 100, toMs: 250, faults: ["stop f", "stop g"] },
    { fromMs: 400, toMs: 500, faults: ["stop h"] },
  ]);
  const between = runOf(
    ...inOrder(...fault("f", 100, 200), ...fault("h", 400, 500), decided("c", "t", 300), ended("c", "t", 300, 310)),
  );
  expect(samplesOf(between).calls.map(({ period }) => period)).toEqual(["after"]);
});

test("a fault that is still in force lasts until now; a refused one never was in force", () => {
  const [intended, applied] = fault("f", 100, 0);
  const refused = { type: "fault.undone", fault: "g", result: "refused", detail: "" };
  const [other] = fault("g", 150, 0);
  const view = runOf(intended as never, applied as never, other as never, [160, refused], [400, { type: "warning" }]);
  expect(stretchesOf(view)).toEqual([{ fromMs: 100, toMs: 400, faults: ["stop f"] }]);
});

test("percentiles are nearest ranks, and none is given of fewer than twenty calls", () => {
  const calls = (count: number) =>
    Array.from({ length: count }, (_, at) => ended(`c${at}`, "get", 0, at + 1)).toSorted(([a], [b]) => a - b);
  // Of 1 to 20 ms: rank 10 of 20, rank 19, rank 20. Of 1 to 200 ms: ranks 100, 190 and 198.
  const of = (count: number) => statisticsOf(samplesOf(runOf(...calls(count))), "tool").map((row) => row.percentiles);
  expect(of(LEAST_SAMPLES)).toEqual([{ p50: 10, p95: 19, p99: 20 }]);
  expect(of(200)).toEqual([{ p50: 100, p95: 190, p99: 198 }]);
  expect(of(LEAST_SAMPLES - 1)).toEqual([undefined]);
});

test("errors and decisions are counted for all tools, for each, and for each period", () => {
  const view = runOf(
    ...inOrder(
      ...fault("f", 100, 200),
      decided("a", "get", 10),
      ended("a", "get", 10, 20),
      decided("b", "pay", 110, "deny"),
      ended("b", "pay", 110, 111, "refused"),
      decided("c", "get", 120),
      decided("c", "get", 130, "upstream_error"),
      ended("c", "get", 120, 130, "upstream_error"),
    ),
  );
  const rows = statisticsOf(samplesOf(view), "tool");
  expect(rows.map(({ name, period, calls, errors, decisions }) => [name, period, calls, errors, decisions])).toEqual([
    [
      undefined,
      undefined,
      3,
      1,
      [
        ["allow", 2],
        ["deny", 1],
        ["upstream_error", 1],
      ],
    ],
    [undefined, "before", 1, 0, [["allow", 1]]],
    [
      undefined,
      "during",
      2,
      1,
      [
        ["deny", 1],
        ["allow", 1],
        ["upstream_error", 1],
      ],
    ],
    [undefined, "after", 0, 0, []],
    [
      "get",
      undefined,
      2,
      1,
      [
        ["allow", 2],
        ["upstream_error", 1],
      ],
    ],
    ["get", "before", 1, 0, [["allow", 1]]],
    [
      "get",
      "during",
      1,
      1,
      [
        ["allow", 1],
        ["upstream_error", 1],
      ],
    ],
    ["get", "after", 0, 0, []],
    ["pay", undefined, 1, 0, [["deny", 1]]],
    ["pay", "before", 0, 0, []],
    ["pay", "during", 1, 0, [["deny", 1]]],
    ["pay", "after", 0, 0, []],
  ]);
});

test("links have their own rows; a stream that a client listens to and a call without an end have no latency", () => {
  const { calls, withoutLatency } = samplesOf(
    runOf(
      ...inOrder(
        exchange("1", "a->b", 0, 10),
        exchange("2", "b->c", 0, 20, { outcome: "error" }),
        exchange("3", "a->b", 0, 900, { http: "GET /mcp", events: 3 }),
        exchange("4", "a->b", 0, 30, { endedWallMs: undefined, outcome: "open" }),
      ),
    ),
  );
  expect(calls.map(({ grouping, name, durationMs, isError }) => [grouping, name, durationMs, isError])).toEqual([
    ["link", "a->b", 10, false],
    ["link", "b->c", 20, true],
  ]);
  expect(withoutLatency).toBe(2);
});

test("where no gateway records calls, those that were read on links are the calls of tools", () => {
  const view = runOf(exchange("1", "lab->g", 5, 15, { tool: "get", isCounted: true }) as [number, LabEventBody]);
  expect(samplesOf(view).calls.map(({ grouping, name }) => [grouping, name])).toEqual([
    ["tool", "get"],
    ["link", "lab->g"],
  ]);
});
