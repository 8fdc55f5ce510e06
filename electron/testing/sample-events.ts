import type { Clock } from "../lab/clock.ts";
import type { EventOf, LabEvent, LabEventBody } from "../model/lab-event.ts";
import { EVENT_VERSION } from "../model/upgrade.ts";

/** One event of a run: what happens at `seq` happens ten milliseconds times `seq` after its start. */
export function eventAt(seq: number, body: LabEventBody, runId = "run-1"): LabEvent {
  return { runId, seq, atMs: seq * 10, wallMs: 1_700_000_000_000 + seq * 10, ...body } as LabEvent;
}

/** A run's events, numbered from 1 without a gap. */
export function eventsOf(bodies: readonly LabEventBody[], runId = "run-1"): LabEvent[] {
  return bodies.map((body, index) => eventAt(index + 1, body, runId));
}

export const started: LabEventBody = {
  type: "run.started",
  eventVersion: EVENT_VERSION,
  scenario: { id: "mcp-crash", title: "The MCP server crashes", summary: "It is gone.", patterns: ["timeout"] },
  driver: "process",
  without: [],
  services: [{ name: "gateway", role: "gateway" }],
  labVersion: "0.1.0",
};

export const passed: LabEventBody = { type: "run.ended", outcome: "passed", reason: "every check held" };

/** A row of the audit log as an event, with the fields that matter to a test. */
export function decided(row: Partial<EventOf<"call.decided">>): LabEventBody {
  return {
    type: "call.decided",
    rowId: "1",
    callId: "call-1",
    sessionId: "session-1",
    turnId: "turn-1",
    tool: "list_recent_charges",
    arguments: {},
    decision: "allow",
    reason: "",
    backend: "payments",
    decidedWallMs: 1_700_000_000_000,
    durationMs: 5,
    traceId: "",
    spanId: "",
    ...row,
  };
}

/** A row of the gateway's calls as an event, with the fields that matter to a test. */
export function callEnded(row: Partial<EventOf<"call.ended">>): LabEventBody {
  return {
    type: "call.ended",
    callId: "call-1",
    sessionId: "session-1",
    turnId: "turn-1",
    tool: "list_recent_charges",
    backend: "payments",
    startedWallMs: 1_700_000_000_000,
    endedWallMs: 1_700_000_000_020,
    outcome: "ok",
    attempts: 1,
    requestBytes: 120,
    replyBytes: 400,
    traceId: "",
    spanId: "",
    ...row,
  };
}

/** A run whose check on decisions is inconclusive. */
export function inconclusiveRun(runId = "run-1"): LabEvent[] {
  const why = "the audit log cannot be read: gone";
  return eventsOf(
    [
      started,
      {
        type: "check.evaluated",
        check: "decisions",
        passed: false,
        inconclusive: why,
        expected: "nothing",
        observed: "nothing",
      },
      { type: "run.ended", outcome: "inconclusive", reason: `decisions could not be told: ${why}` },
    ],
    runId,
  );
}

/** One event of every type, in a plausible order. */
export function sampleRun(runId = "run-1"): LabEvent[] {
  const fault = "fault-1";
  return eventsOf(
    [
      started,
      { type: "phase.started", phase: "method" },
      { type: "health.changed", service: "gateway", from: "unknown", to: "up", reason: "answers", latencyMs: 2 },
      { type: "step.started", step: "step-1", kind: "fault", label: "fault: stop slack", background: false },
      { type: "fault.intended", fault, kind: "stop", target: "slack", undo: "start", expiresWallMs: 1_700_000_600_000 },
      { type: "fault.applied", fault, detail: "slack stopped" },
      { type: "fault.hit", fault, link: "gateway->slack", effect: "refused" },
      { type: "step.ended", step: "step-1", outcome: "ok", output: "slack stopped" },
      { type: "service.log", service: "gateway", stream: "stderr", line: "no slack" },
      { type: "service.logs-dropped", service: "gateway", lines: 3 },
      decided({
        tool: "create_refund",
        decision: "approvalRequired",
        arguments: { charge_id: "ch_1" },
        decidedWallMs: 1_700_000_000_100,
      }),
      decided({ rowId: "2", tool: "create_refund", decision: "expired", decidedWallMs: 1_700_000_000_120 }),
      { type: "check.evaluated", check: "policyOutcome", passed: true, expected: "expired", observed: "expired" },
      { type: "fault.undone", fault, result: "restored", detail: "slack is running and up" },
      { type: "warning", code: "audit-log", message: "a warning" },
      callEnded({
        tool: "create_refund",
        startedWallMs: 1_700_000_000_095,
        endedWallMs: 1_700_000_000_125,
        outcome: "refused",
        attempts: 0,
        error: "approval timeout",
      }),
      {
        type: "backend.changed",
        backend: "payments",
        what: "circuit",
        from: "closed",
        to: "open",
        reason: "5 probes in a row failed: connection refused",
        changedWallMs: 1_700_000_000_050,
      },
      {
        type: "wire.call",
        call: "wire-1",
        link: "agent->gateway",
        http: "POST /mcp",
        method: "tools/call",
        tool: "create_refund",
        startedWallMs: 1_700_000_000_094,
        endedWallMs: 1_700_000_000_126,
        status: 200,
        outcome: "error",
        error: "JSON-RPC error -32003: approval timeout",
        requestBytes: 90,
        replyBytes: 120,
        faults: [],
      },
      { type: "wire.calls-dropped", link: "agent->gateway", calls: 1 },
      passed,
    ],
    runId,
  );
}

/** A clock that is advanced by the test. */
export function stillClock(wallMs = 1_700_000_000_000): Clock & { advance(ms: number): void } {
  let nowMs = 0;
  return {
    monotonicMs: () => nowMs,
    wallMs: () => wallMs + nowMs,
    sleep: () => Promise.resolve(),
    advance: (ms) => {
      nowMs += ms;
    },
  };
}
