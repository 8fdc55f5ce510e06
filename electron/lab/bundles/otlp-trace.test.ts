import { describe, expect, test } from "vitest";
import type { EventOf, LabEvent, LabEventBody } from "../../model/lab-event.ts";
import { SpanTracker } from "../../model/span-tracker.ts";
import { callEnded, decided, eventsOf, passed, started } from "../../testing/sample-events.ts";
import type { RunRecord } from "./format.ts";
import { OtlpTrace } from "./otlp-trace.ts";
import { SPANS_KEPT } from "./run-export.ts";
import { readOtlp } from "./testing/read-otlp.ts";

const STARTED = 1_700_000_000_010;

/** The exported trace of a run whose events are ten milliseconds apart. */
async function traceOf(...bodies: LabEventBody[]) {
  const gateway: LabEventBody = {
    ...started,
    services: [
      { name: "audit-db", role: "audit-log" },
      { name: "edge-gateway", role: "gateway" },
    ],
  } as typeof started;
  const events = heardOfInTime(eventsOf([gateway, ...bodies, passed]));
  const record: RunRecord = {
    ...{ id: "run-1", scenarioId: "mcp-crash", scenarioTitle: "t", driver: "process", without: [], outcome: "passed" },
    ...{
      reason: "every check held",
      startedWallMs: STARTED,
      durationMs: events.at(-1)?.atMs ?? 0,
      events: events.length,
    },
  };
  let text = "";
  const trace = new OtlpTrace(record, async (piece) => {
    text += piece;
  });
  const tracker = new SpanTracker(trace, SPANS_KEPT);
  for (const event of events) {
    tracker.take(event);
    await trace.writeIfFull();
  }
  await trace.end(tracker);
  const spans = readOtlp(text);
  const callOf = (callId: string) => {
    const found = spans.filter(({ attributes }) => attributes["resilience_lab.call.id"] === callId);
    expect(found, callId).toHaveLength(1);
    return found[0] as (typeof spans)[number];
  };
  return { spans, callOf };
}

/** Events are sorted by the time at which they become known: a row of the gateway when it is written, or later. */
function heardOfInTime(events: readonly LabEvent[]): LabEvent[] {
  let heardMs = 0;
  return events.map((event) => {
    const writtenMs =
      "endedWallMs" in event
        ? (event.endedWallMs ?? STARTED)
        : "decidedWallMs" in event
          ? event.decidedWallMs
          : STARTED;
    heardMs = Math.max(heardMs, event.atMs, writtenMs - STARTED + 10);
    return { ...event, atMs: heardMs };
  });
}

const stepBegins = (step: string, kind: string): LabEventBody => ({
  ...{ type: "step.started", step, kind, label: kind, background: false },
});
const stepEnds = (step: string, output?: unknown): LabEventBody => ({
  type: "step.ended",
  step,
  outcome: "ok",
  output,
});
/** By the gateway's clock, in milliseconds after the start of the run. */
const at = (ms: number) => STARTED + ms;

type Ended = EventOf<"call.ended">;

function call(callId: string, fromMs: number, toMs: number, row: Partial<Ended> = {}): LabEventBody[] {
  const { turnId = "turn-1", tool = "list_recent_charges" } = row;
  const decision = { callId, turnId, tool, decidedWallMs: at(fromMs + 1), durationMs: 1 };
  return [decided(decision), callEnded({ callId, startedWallMs: at(fromMs), endedWallMs: at(toMs), ...row })];
}

const namesOf = (names: readonly { name: string }[]) => names.map(({ name }) => name);

describe("the exported trace", () => {
  test("is one tree: the run above its steps, a step above its calls, a call above its approval", async () => {
    const asked = decided({
      callId: "refund",
      tool: "create_refund",
      decision: "approvalRequired",
      decidedWallMs: at(45),
    });
    const expired = decided({ ...(asked as object), rowId: "2", decision: "expired", decidedWallMs: at(55) });
    const end = callEnded({ callId: "refund", tool: "create_refund", startedWallMs: at(44), endedWallMs: at(56) });
    const { spans, callOf } = await traceOf(
      stepBegins("step-1", "agent"),
      ...call("list", 20, 30),
      ...[asked, expired, end],
      stepEnds("step-1", { answer: "", turnId: "turn-1" }),
    );
    expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1);
    expect(namesOf(spans.filter(({ above }) => above.length === 0))).toEqual(["run mcp-crash"]);
    expect(namesOf(callOf("list").above)).toEqual(["run mcp-crash", "step agent"]);
    expect(namesOf(spans.find(({ name }) => name === "approval create_refund")?.above ?? [])).toEqual([
      ...["run mcp-crash", "step agent", "tools/call create_refund"],
    ]);
    const services = Object.fromEntries(spans.map(({ name, service }) => [name, service]));
    expect(services).toMatchObject({ "run mcp-crash": "resilience-lab", "step agent": "resilience-lab" });
    expect(services).toMatchObject({ "tools/call create_refund": "edge-gateway" });
  });

  test("has what was read on links as client spans of their callers, below the step that was under way", async () => {
    const onLink = {
      type: "wire.call" as const,
      call: "w-1",
      link: "agent->gateway",
      http: "POST /mcp",
      method: "tools/call",
      tool: "refund",
      startedWallMs: at(30),
      requestBytes: 7,
      replyBytes: 0,
      faults: [],
    };
    const { spans } = await traceOf(
      stepBegins("step-1", "agent"),
      { ...onLink, outcome: "open" },
      { ...onLink, outcome: "error", status: 503, error: "HTTP 503", endedWallMs: at(70) },
      stepEnds("step-1"),
    );
    const read = spans.filter(({ attributes }) => attributes["resilience_lab.link"] === "agent->gateway");
    expect(read).toMatchObject([
      {
        name: "tools/call refund",
        durationMs: 40,
        attributes: { "http.response.status_code": "503", "gen_ai.tool.name": "refund", "url.path": "/mcp" },
      },
    ]);
    expect(namesOf(read[0]?.above ?? [])).toEqual(["run mcp-crash", "step agent"]);
  });

  test("has all calls of a turn below one root, with other calls in between", async () => {
    const turns = ["turn-1", "turn-2", "turn-3", "turn-4"];
    const { callOf } = await traceOf(
      stepBegins("step-1", "storm"),
      stepBegins("step-2", "wait"),
      ...Array.from({ length: 20 }, (_, n) => call(`c${n}`, 30 + n, 130 + n, { turnId: turns[n % 4] ?? "" })).flat(),
      stepEnds("step-2"),
      stepEnds("step-1", { calls: 20 }),
    );
    for (let n = 0; n < 20; n += 1) {
      const { above, attributes, durationMs } = callOf(`c${n}`);
      expect(above.map(({ attributes: { "resilience_lab.step.id": step } }) => step)).toEqual([undefined, "step-1"]);
      expect(attributes["resilience_lab.step.joined_by"]).toBe("time");
      expect(durationMs).toBe(100);
    }
  });

  test("assigns calls to steps by the reported turn rather than by time", async () => {
    const { callOf } = await traceOf(
      stepBegins("step-1", "agent"),
      stepBegins("step-2", "agent"),
      ...call("of-first", 30, 40, { turnId: "first" }),
      ...call("of-second", 30, 40, { turnId: "second" }),
      stepEnds("step-1", { turnId: "first" }),
      stepEnds("step-2", { turnId: "second" }),
    );
    const stepAbove = (callId: string) => callOf(callId).above.at(-1)?.attributes["resilience_lab.step.id"];
    expect([stepAbove("of-first"), stepAbove("of-second")]).toEqual(["step-1", "step-2"]);
    expect(callOf("of-first").attributes["resilience_lab.step.joined_by"]).toBe("turn");
  });

  test("has a call outside of any step below the run", async () => {
    const { callOf } = await traceOf(stepBegins("step-1", "agent"), stepEnds("step-1"), ...call("late", 900, 950));
    expect(namesOf(callOf("late").above)).toEqual(["run mcp-crash"]);
  });

  test("has a call from its request to its reply, with a link to the gateway's own span", async () => {
    const ids = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331" };
    const { callOf } = await traceOf(
      stepBegins("step-1", "call"),
      ...call("slow", 20.25, 823.5, { ...ids, attempts: 2, requestBytes: 99, replyBytes: 1_000 }),
    );
    const { durationMs, kind, links, status, attributes } = callOf("slow");
    expect([durationMs, kind, links, status]).toEqual([803.25, 2, [ids], { code: 0 }]);
    expect(attributes).toMatchObject({
      "gen_ai.tool.name": "list_recent_charges",
      "resilience_lab.call.outcome": "ok",
      "resilience_lab.call.attempts": "2",
      "resilience_lab.call.request_bytes": "99",
      "resilience_lab.call.reply_bytes": "1000",
    });
  });

  test.each([
    ["tool_error", 2],
    ["upstream_error", 2],
    ["refused", 2],
    ["cancelled", 2],
    ["busy", 2],
    ["unknown_tool", 0],
  ] as const)("has the outcome of a call that ended in %s, even without a decision", async (outcome, code) => {
    const error = "so it was";
    const { callOf } = await traceOf(
      stepBegins("step-1", "call"),
      callEnded({ callId: "c", startedWallMs: at(20), endedWallMs: at(30), outcome, error }),
    );
    const { status, attributes, above } = callOf("c");
    expect(status).toEqual(code === 0 ? { code } : { code, message: error });
    expect(attributes["resilience_lab.call.outcome"]).toBe(outcome);
    expect(attributes["error.type"]).toBe(code === 0 ? undefined : outcome);
    expect(above).toHaveLength(2);
  });

  test("of a run without ends of calls, as earlier labs recorded it, has each call to its last decision", async () => {
    const row = { callId: "c", decidedWallMs: at(30), durationMs: 5 };
    const { callOf } = await traceOf(
      stepBegins("step-1", "call"),
      decided(row),
      decided({ ...row, rowId: "2", decision: "upstream_error", reason: "refused", decidedWallMs: at(32) }),
    );
    const { durationMs, status, attributes, above } = callOf("c");
    expect([durationMs, status, above.length]).toEqual([7, { code: 2, message: "refused" }, 2]);
    expect(attributes["resilience_lab.call.outcome"]).toBeUndefined();
  });

  test("of thousands of calls has each once, including one that stays open throughout", async () => {
    const held = decided({ callId: "held", turnId: "held", decision: "approvalRequired", decidedWallMs: at(20) });
    const { spans, callOf } = await traceOf(
      stepBegins("step-1", "storm"),
      held,
      ...Array.from({ length: 5_000 }, (_, n) => call(`c${n}`, 30 + n, 31 + n, { turnId: `t${n}` })).flat(),
      stepEnds("step-1"),
      callEnded({
        callId: "held",
        turnId: "held",
        startedWallMs: at(19),
        endedWallMs: at(60_000),
        outcome: "cancelled",
      }),
    );
    expect(spans.filter(({ name }) => name.startsWith("tools/call"))).toHaveLength(5_001);
    expect(callOf("held")).toMatchObject({ durationMs: 59_981, above: [{}, { name: "step storm" }] });
  });
});
