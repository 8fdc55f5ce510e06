import { isApprovalResult } from "../lab-event.ts";
import { type CallEnd, type Instant, OPEN } from "../span.ts";
import { isRefusal } from "../tone.ts";
import { type EventEntry, line, plain, type Tracking } from "./entry.ts";

/**
 * A row of the audit log. It is written and then read from there, so what it tells of happened when the gateway decided,
 * not when the row arrived. The first row of a call opens it: it began as long before as the row says.
 */
export const callDecided: EventEntry<"call.decided"> = {
  title: "Tool call",
  summary: { lane: "calls", name: "decision" },
  priority: "essential",
  opens: ["call", "approval"],
  closes: ["call", "approval"],
  describe: ({ tool, decision, reason }) => ({
    kind: "decision",
    text: `${tool} → ${decision}${isRefusal(decision) ? `: ${reason}` : ""}`,
    tone: decision,
  }),
  print: ({ tool, decision, reason }) =>
    line(
      "decision",
      plain(`${tool} -> `),
      { text: decision, tone: decision },
      ...(reason === "" ? [] : [plain("  "), { text: reason, tone: "muted" as const }]),
    ),
  isFailure: ({ decision }) => isRefusal(decision),
  track(row, run) {
    const decided = run.instant("decision", run.clock.at(row.decidedWallMs, row.atMs), row);
    trackCall(decided, run);
    trackApproval(decided, run);
  },
  subject: ({ callId }, { calls }) => calls.find(({ attributes }) => attributes.callId === callId),
};

/**
 * The end of a call as its gateway recorded it. Decisions and ends are written and read apart, so that either may be first;
 * a call that nothing was decided on has an end alone.
 */
export const callEnded: EventEntry<"call.ended"> = {
  title: "End of a tool call",
  priority: "essential",
  opens: ["call"],
  closes: ["call"],
  describe: ({ tool, outcome, error }) => ({
    kind: "call",
    text: `${tool} ended: ${outcome}${error === undefined ? "" : `: ${error}`}`,
    tone: "muted",
  }),
  track(event, run) {
    const { seq, atMs, callId, outcome, attempts, requestBytes, replyBytes, error, traceId, spanId } = event;
    const startMs = run.clock.at(event.startedWallMs, atMs);
    const endMs = run.clock.at(event.endedWallMs, atMs);
    const what = { outcome, attempts, requestBytes, replyBytes, traceId, spanId };
    const end: CallEnd = error === undefined ? what : { ...what, error };
    if (run.find("call", callId) !== undefined) {
      run.amend(seq, "call", callId, ({ attributes }) => ({ startMs, endMs, attributes: { ...attributes, end } }));
      return;
    }
    const { sessionId, turnId, backend } = event;
    const ids = { callId, sessionId, turnId, backend, traceId, spanId };
    run.open(seq, "call", callId, {
      name: event.tool,
      startMs,
      endMs,
      status: outcome,
      attributes: { ...ids, arguments: undefined, decisions: [], end },
      links: run.faultsMet(traceId),
    });
  },
  subject: ({ callId }, { calls }) => calls.find(({ attributes }) => attributes.callId === callId),
};

/** Until its end is known: while a person is asked the call goes on; every other decision is the last that is known. */
function trackCall(decided: Instant<"decision">, run: Tracking): void {
  const { atMs, seq, event: row } = decided;
  const endMs = row.decision === "approvalRequired" ? OPEN : atMs;
  if (run.find("call", row.callId) === undefined) {
    const { callId, sessionId, turnId, backend, traceId, spanId } = row;
    run.open(seq, "call", callId, {
      name: row.tool,
      startMs: Math.max(0, atMs - row.durationMs),
      endMs,
      status: row.decision,
      attributes: {
        callId,
        sessionId,
        turnId,
        backend,
        arguments: row.arguments,
        traceId,
        spanId,
        decisions: [decided],
      },
      links: run.faultsMet(traceId),
    });
    return;
  }
  run.amend(seq, "call", row.callId, (call) => ({
    endMs: call.attributes.end === undefined ? endMs : call.endMs,
    status: row.decision,
    attributes: {
      ...call.attributes,
      // Its end knows of none.
      ...(call.attributes.decisions.length === 0 ? { arguments: row.arguments } : {}),
      decisions: [...call.attributes.decisions, decided],
    },
  }));
}

function trackApproval({ atMs, seq, event }: Instant<"decision">, run: Tracking): void {
  const { callId, tool, sessionId, decision, reason } = event;
  if (decision === "approvalRequired") {
    run.open(seq, "approval", callId, {
      name: tool,
      startMs: atMs,
      status: "waiting",
      attributes: { callId, sessionId, arguments: event.arguments },
      parent: run.find("call", callId)?.id,
    });
  } else if (isApprovalResult(decision)) {
    run.amend(seq, "approval", callId, ({ attributes }) => ({
      endMs: atMs,
      status: decision,
      attributes: { ...attributes, reason },
    }));
  }
}
