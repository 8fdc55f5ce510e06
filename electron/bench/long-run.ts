import type { LabEvent, LabEventBody } from "../model/lab-event.ts";
import { EVENT_VERSION } from "../model/upgrade.ts";
import { storeRun } from "../testing/stored-events.ts";

const STARTED_MS = 1_700_000_000_000;
const SERVICES = ["gateway", "payments-mcp", "agent", "audit-db"];

/** Stores a run of `count` events, as a long retry storm produces. It lasts as many milliseconds. */
export function recordLongRun(historyFile: string, runId: string, events: number): Promise<void> {
  const run = {
    id: runId,
    scenarioId: "long-storm",
    scenarioTitle: "A long storm",
    scenarioSource: "id: long-storm\n",
    driver: "process",
    without: [],
    startedWallMs: STARTED_MS,
  };
  return storeRun(historyFile, run, longRun(runId, events));
}

export function* longRun(runId: string, events: number): Generator<LabEvent> {
  for (let seq = 1; seq <= events; seq++) {
    const body = seq === events ? ENDED : (BEGINNING[seq - 1] ?? stormBody(seq));
    yield { runId, seq, atMs: seq, wallMs: STARTED_MS + seq, ...body } as LabEvent;
  }
}

const ENDED: LabEventBody = { type: "run.ended", outcome: "passed", reason: "every check held" };

const BEGINNING: readonly LabEventBody[] = [
  {
    type: "run.started",
    eventVersion: EVENT_VERSION,
    scenario: { id: "long-storm", title: "A long storm", patterns: ["retry budget"] },
    driver: "process",
    without: [],
    services: SERVICES.map((name) => ({ name, role: "other" })),
    labVersion: "0",
  },
  { type: "phase.started", phase: "method" },
  { type: "step.started", step: "step-1", kind: "storm", label: "storm: list_recent_charges", background: false },
];

/** Of three events one is a line of a log and two are decisions; now and then a hit, a check, a change of health. */
function stormBody(seq: number): LabEventBody {
  if (seq % 1_000 === 0) {
    const to = seq % 2_000 === 0 ? "up" : "down";
    return { type: "health.changed", service: "payments-mcp", from: "unknown", to, reason: "a probe", latencyMs: 2 };
  }
  if (seq % 100 === 50) {
    return { type: "fault.hit", fault: "fault-1", link: "gateway->payments-mcp", effect: "reset" };
  }
  if (seq % 3 === 0) {
    const line = `{"level":"info","message":"tools/call list_recent_charges","durationMs":${seq % 97}}`;
    return { type: "service.log", service: SERVICES[seq % SERVICES.length] ?? "", stream: "stdout", line };
  }
  return {
    type: "call.decided",
    rowId: String(seq),
    callId: `call-${seq}`,
    sessionId: "79e8f70f-9fda-4467-a826-761ceee6f96e",
    turnId: `turn-${Math.floor(seq / 10)}`,
    tool: "list_recent_charges",
    arguments: { customer: `cus_${seq % 50}`, limit: 10 },
    decision: seq % 50 === 1 ? "upstream_error" : "allow",
    reason: "rule 1 (list_recent_charges: allow)",
    backend: "payments",
    decidedWallMs: STARTED_MS + seq,
    durationMs: 1.25,
    traceId: "0af7651916cd43dd8448eb211c80319c",
    spanId: "b7ad6b7169203331",
  };
}
