import { isApprovalResult } from "../approval-result.ts";
import { type Instant, OPEN } from "../span.ts";
import { isRefusal } from "../tone.ts";
import { type EventEntry, line, plain, type Tracking } from "./entry.ts";

/**
 * A row of the audit log. It is stamped by the gateway and read later, so its time is that of the decision, not of its
 * arrival. The first row of a call opens the call span, `durationMs` before the decision.
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

/** A call stays open while its end is still to come or a person is asked; else it ends with its last decision. */
function trackCall(decided: Instant<"decision">, run: Tracking): void {
  const { atMs, seq, event: row } = decided;
  const endMs = row.awaitsEnd || row.decision === "approvalRequired" ? OPEN : atMs;
  if (run.find("call", row.callId) === undefined) {
    const { callId, sessionId, turnId, backend, traceId, spanId } = row;
    const startMs = Math.max(0, atMs - row.durationMs);
    const { parent, joinedBy } = run.madeBy(turnId, startMs);
    run.open(seq, "call", callId, {
      name: row.tool,
      parent,
      startMs,
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
        joinedBy,
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
      // A `call.ended` event has no arguments.
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
