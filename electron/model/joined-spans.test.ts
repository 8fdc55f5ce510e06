import { expect, test } from "vitest";
import type { LabEvent, LabEventBody } from "./lab-event.ts";
import { RunModel } from "./run-model.ts";
import { RunTelemetry } from "./run-telemetry.ts";
import type { TelemetrySpan } from "./telemetry.ts";
import { stepOfSpanId, stepSpanId } from "./trace-ids.ts";
import { visibleRows, waterfallOf } from "./waterfall.ts";

const RUN = "0f0e0d0c-1111-4222-8333-444455556666";
const TRACE = "a".repeat(32);
const [AGENT, CLIENT, GATEWAY, FORWARD, SERVER] = ["a", "b", "c", "d", "e"].map((digit) => digit.repeat(16)) as [
  string,
  string,
  string,
  string,
  string,
];
/** Of the run's clock zero. */
const ZERO = 1_000_000;

function viewOf(...bodies: LabEventBody[]) {
  const events = bodies.map((body, index) => ({
    runId: RUN,
    seq: index + 1,
    atMs: index * 10,
    wallMs: ZERO + index * 10,
    ...body,
  }));
  return RunModel.of(events as LabEvent[]);
}

function span(
  spanId: string,
  parentId: string | undefined,
  [start, end]: [number, number?],
  more: Partial<TelemetrySpan> = {},
) {
  return {
    record: "span" as const,
    joinedBy: "trace" as const,
    traceId: TRACE,
    spanId,
    ...(parentId === undefined ? {} : { parentId }),
    name: `span ${spanId[0]}`,
    kind: "server" as const,
    service: "shop",
    scope: "",
    startUs: (ZERO + start) * 1_000,
    ...(end === undefined ? {} : { endUs: (ZERO + end) * 1_000 }),
    attributes: {},
    events: [],
    isError: false,
    statusMessage: "",
    ...more,
  };
}

const STARTED = {
  type: "run.started",
  eventVersion: 1,
  scenario: { id: "s", title: "s", patterns: [] },
  driver: "process",
  without: [],
  services: [{ name: "door", role: "gateway" }],
  labVersion: "0",
} as unknown as LabEventBody;
const STEP = { type: "step.started", step: "step-1", kind: "agent", label: "ask", background: false } as LabEventBody;
const wire = (link: string, spanId: string, [start, end]: [number, number]) =>
  ({
    type: "wire.call",
    call: link,
    link,
    http: "POST /mcp",
    method: "tools/call",
    tool: "pay",
    traceId: TRACE,
    spanId,
    requestBytes: 1,
    replyBytes: 1,
    outcome: "ok",
    faults: [],
    startedWallMs: ZERO + start,
    endedWallMs: ZERO + end,
  }) as unknown as LabEventBody;
const DECIDED = {
  type: "call.decided",
  rowId: "1",
  callId: "call",
  sessionId: "s",
  turnId: "t",
  tool: "pay",
  backend: "bank",
  decision: "allow",
  reason: "",
  arguments: {},
  durationMs: 14,
  decidedWallMs: ZERO + 36,
  traceId: TRACE,
  spanId: GATEWAY,
} as unknown as LabEventBody;
const OVER = { type: "step.ended", step: "step-1", outcome: "ok" } as unknown as LabEventBody;

function drawn(spans: TelemetrySpan[], ...bodies: LabEventBody[]) {
  const telemetry = new RunTelemetry();
  telemetry.take(spans, spans.length);
  const { rows, notes } = waterfallOf(viewOf(STARTED, STEP, ...bodies, OVER), false, telemetry);
  return {
    rows,
    notes,
    tree: rows.map(({ span: { name, place }, depth }) => `${"  ".repeat(depth)}${name} @ ${place}`),
  };
}

test("a step's id is in the ids of the spans that it leads to", () => {
  expect(stepOfSpanId(RUN, stepSpanId(RUN, 4711))).toBe(4711);
  expect(stepSpanId(RUN, 1)).toMatch(/^[0-9a-f]{16}$/);
  expect(stepOfSpanId(RUN, AGENT)).toBeUndefined();
});

test("one call that agent, links, gateway and server report is one tree, whatever the order in which they arrive", () => {
  const spans = [
    span(AGENT, stepSpanId(RUN, 1), [12, 58], { name: "invoke_agent", service: "agent" }),
    span(CLIENT, AGENT, [20, 50], { name: "tools/call pay", service: "agent", kind: "client" }),
    span(GATEWAY, CLIENT, [22, 48], { name: "tools/call pay", service: "gateway" }),
    span(FORWARD, GATEWAY, [30, 46], { name: "tools/call pay", service: "gateway", kind: "client" }),
    span(SERVER, FORWARD, [33, 44], { name: "tools/call pay", service: "bank" }),
  ];
  const events = [wire("agent->gateway", CLIENT, [21, 49]), wire("gateway->bank", FORWARD, [31, 45]), DECIDED];
  const expected = [
    "ask @ lab",
    "  invoke_agent @ agent",
    "    tools/call pay @ agent",
    "      pay @ agent->gateway",
    // The gateway's own record of the call is the span that it sent.
    "        pay @ door",
    "          tools/call pay @ gateway",
    "            pay @ gateway->bank",
    "              tools/call pay @ bank",
  ];
  const { tree, notes, rows } = drawn(spans, ...events);
  expect(tree).toEqual(expected);
  expect(notes).toEqual([]);
  expect(drawn(spans.toReversed(), ...events.toReversed()).tree).toEqual(expected);
  expect(rows[4]?.span.sent?.spanId).toBe(GATEWAY);
  expect(rows[7]?.span).toMatchObject({ start: 33, end: 44 });
});

test("without spans calls and exchanges stand as before", () => {
  expect(drawn([], wire("gateway->bank", FORWARD, [11, 45]), DECIDED).tree).toEqual([
    "ask @ lab",
    "  pay @ gateway->bank",
    "  pay @ door",
  ]);
});

test("what the fault proxy sends of an exchange is that exchange", () => {
  const sent = span("f".repeat(16), CLIENT, [12, 20], { attributes: { "resilience_lab.exchange": "first" } });
  const { rows, tree } = drawn([span(CLIENT, undefined, [11, 45]), sent], wire("first", CLIENT, [12, 20]));
  expect(tree).toEqual(["ask @ lab", "span b @ shop", "  pay @ first"]);
  expect(rows[2]?.span).toMatchObject({ isOnLink: true, sent: { spanId: "f".repeat(16) } });
});

test("of several attempts a span is below the one that it answered", () => {
  const attempts = [wire("first", CLIENT, [12, 20]), wire("second", CLIENT, [30, 40])];
  const { tree } = drawn([span(CLIENT, undefined, [11, 45]), span(SERVER, CLIENT, [32, 39])], ...attempts);
  expect(tree).toEqual(["ask @ lab", "span b @ shop", "  pay @ first", "  pay @ second", "    span e @ shop"]);
});

test("unfinished, parentless, cyclic, duplicate, skewed, reversed and guessed spans are drawn once each, and said", () => {
  const { rows, notes } = drawn([
    span(AGENT, undefined, [10]),
    span(CLIENT, "f".repeat(16), [11, 9]),
    span(GATEWAY, FORWARD, [13, 14]),
    span(FORWARD, GATEWAY, [13, 14]),
    span(SERVER, SERVER, [13, 14]),
    span(AGENT, undefined, [15, 16], { name: "again" }),
    span("1".repeat(16), AGENT, [2, 3], { joinedBy: "time" }),
  ]);
  expect(rows).toHaveLength(8);
  const of = (name: string) => rows.find(({ span: { name: its } }) => its === name)?.span;
  expect(of("span a")).toMatchObject({ isOpen: true, end: 20, problems: ["unfinished"] });
  expect(of("span b")?.problems).toEqual(["reversed", "parentless"]);
  expect(of("again")?.problems).toEqual(["duplicate"]);
  expect(of("span 1")?.problems).toEqual(["guessed", "skewed"]);
  expect(notes).toEqual([
    "1 span has not ended",
    "the parent of 1 span was not received",
    "2 spans are their own ancestors",
    "1 span has the id of another",
    "1 span starts before its parent: clocks differ",
    "1 span ends before its start",
    "1 span belongs here by time alone: a guess",
  ]);
});

test("what was not kept is said, with why", () => {
  const telemetry = new RunTelemetry();
  telemetry.take([{ record: "dropped", spans: 3, logs: 0, reason: "a run keeps 2 spans" }], 1);
  telemetry.take([{ record: "dropped", spans: 4, logs: 1, reason: "a run keeps 2 spans" }], 2);
  expect(waterfallOf(viewOf(STARTED), false, telemetry).notes).toEqual([
    "7 spans and 1 logs were not kept: a run keeps 2 spans",
  ]);
});

test("a search finds a trace, and the texts of attributes", () => {
  const { rows } = drawn([span(AGENT, undefined, [10, 11], { attributes: { "http.route": "/orders" } })]);
  const at = rows.findIndex(({ span: { name } }) => name === "span a");
  expect(visibleRows(rows, new Set(), TRACE)).toEqual([at]);
  expect(visibleRows(rows, new Set(), "/ORDERS")).toEqual([at]);
});

test("a chain of a hundred thousand spans is laid out", () => {
  const chain = Array.from({ length: 100_000 }, (_, at) =>
    span((at + 1).toString(16).padStart(16, "0"), at === 0 ? undefined : at.toString(16).padStart(16, "0"), [10, 11]),
  );
  expect(drawn(chain).rows).toHaveLength(100_001);
});
