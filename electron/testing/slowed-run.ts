import type { LabEvent, LabEventBody } from "../model/lab-event.ts";
import { callEnded, decided, started } from "./sample-events.ts";

const STARTED_MS = 1_700_000_000_000;
const EVERY_MS = 50;
/** Calls before, during and after the fault. */
export const CALLS = { before: 40, during: 40, after: 40 } as const;

/**
 * A run of two tools called in turn, each 50 ms, of which `pay` is slow and at times fails while the link to its server is
 * broken. What it takes is arithmetic: 1 to 40 ms in turn, and 200 ms more during the fault.
 */
export function slowedRun(runId: string, { slowerByMs = 200, title = "Payments are slow" } = {}): LabEvent[] {
  const timed: [atMs: number, body: LabEventBody][] = [
    [0, { ...started, scenario: { id: "slow-payments", title, patterns: ["timeout"] } } as LabEventBody],
    [1, { type: "phase.started", phase: "method" }],
    [2, { type: "step.started", step: "s", kind: "storm", label: "storm: list, pay", background: false }],
  ];
  const fault = { fault: "f", kind: "latency", target: "gateway->payments-mcp" };
  const fromMs = 5 + CALLS.before * EVERY_MS;
  const toMs = fromMs + CALLS.during * EVERY_MS;
  timed.push(
    [fromMs, { type: "fault.intended", ...fault, undo: "remove it", expiresWallMs: STARTED_MS + 600_000 }],
    [fromMs, { type: "fault.applied", fault: "f", detail: "200 ms" }],
    [toMs + 260, { type: "fault.undone", fault: "f", result: "restored", detail: "", hits: CALLS.during }],
  );
  for (let at = 0; at < CALLS.before + CALLS.during + CALLS.after; at++) {
    const isDuring = at >= CALLS.before && at < CALLS.before + CALLS.during;
    const isAfter = at >= CALLS.before + CALLS.during;
    const startMs = 10 + at * EVERY_MS + (isAfter ? 300 : 0);
    const tool = at % 2 === 0 ? "list" : "pay";
    const lastedMs = 1 + ((at * 7) % 40) + (isDuring ? slowerByMs : 0);
    const call = { callId: `c${at}`, turnId: `t${at}`, tool };
    const outcome = isDuring && at % 10 === 1 ? "upstream_error" : "ok";
    timed.push(
      [startMs + 1, decided({ ...call, rowId: `${at}`, decidedWallMs: STARTED_MS + startMs + 1, awaitsEnd: true })],
      [
        startMs + lastedMs,
        callEnded({
          ...call,
          startedWallMs: STARTED_MS + startMs,
          endedWallMs: STARTED_MS + startMs + lastedMs,
          outcome,
          ...(outcome === "ok" ? {} : { error: "no reply within 200 ms" }),
        }),
      ],
    );
  }
  const endMs = Math.max(...timed.map(([atMs]) => atMs)) + 10;
  timed.push([endMs - 5, { type: "step.ended", step: "s", outcome: "ok" }]);
  timed.push([endMs, { type: "run.ended", outcome: "passed", reason: "every check held" }]);
  return timed
    .toSorted(([one], [other]) => one - other)
    .map(([atMs, body], at) => ({ runId, seq: at + 1, atMs, wallMs: STARTED_MS + atMs, ...body }) as LabEvent);
}

/** The run as a store begins it. */
export function slowedRunRow(id: string, more: { without?: string[]; startedWallMs?: number } = {}) {
  return {
    id,
    scenarioId: "slow-payments",
    scenarioTitle: "Payments are slow",
    scenarioSource: "id: slow-payments\n",
    driver: "process",
    without: [] as string[],
    startedWallMs: STARTED_MS,
    ...more,
  };
}
