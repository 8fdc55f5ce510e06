import type { EventOf } from "../../model/lab-event.ts";
import { INTERNAL, SERVER, type Span } from "./otlp-span.ts";

/** For what OpenTelemetry has no convention: decisions, approvals, faults, steps. `gen_ai` and `mcp` are reserved. */
export const OWN = "resilience_lab";

/** A call as its events tell of it: decisions in the order in which they were read, and its end once that is known. */
export interface TracedCall {
  rows: EventOf<"call.decided">[];
  end: EventOf<"call.ended"> | undefined;
}

/** Where a call's spans are in the exported trace. */
export interface CallPlace {
  traceId: string;
  spanId: string;
  parentSpanId: string;
  /** How the step above it was found; undefined when there is none. */
  joinedBy?: "turn" | "time";
  approvalSpanId: string;
  /** The fault that met a request of the call's own trace. */
  fault: string | undefined;
  /** Nanoseconds since the epoch of a moment of the gateway's clock. */
  nano: (wallMs: number) => string;
  /** When the run ended: what has no end yet is written to there. */
  runEndWallMs: number;
}

type Row = EventOf<"call.decided">;

const TRACE_ID = /^(?!0+$)[0-9a-f]{32}$/;
const SPAN_ID = /^(?!0+$)[0-9a-f]{16}$/;
const ANSWERS: ReadonlySet<string> = new Set(["approved", "denied", "expired"]);
const DECISION = `${OWN}.decision`;
const DECISION_REASON = `${OWN}.decision.reason`;

/**
 * The call from its request to its reply, or to its last decision where no end is known, as the gateway's server span, with the names and attributes of OpenTelemetry's
 * conventions for MCP, and below it the approval that it waited for. The span that the gateway itself told its callers and
 * backends of is in the trace that the caller began: a link leads there.
 */
export function callSpans(call: TracedCall, place: CallPlace): Span[] {
  const { rows, end } = call;
  const what = end ?? rows[0];
  if (what === undefined) return [];
  const { traceId, spanId, parentSpanId, nano } = place;
  const startMs = startedWallMs(call);
  const endMs = end?.endedWallMs ?? rows.at(-1)?.decidedWallMs ?? startMs;
  const error = errorOf(call);
  const decision = rows.at(-1)?.decision;
  const isLinked = TRACE_ID.test(what.traceId) && SPAN_ID.test(what.spanId);
  const span: Span = {
    traceId,
    spanId,
    parentSpanId,
    name: what.tool === "" ? "tools/call" : `tools/call ${what.tool}`,
    kind: SERVER,
    startNano: nano(startMs),
    endNano: nano(Math.max(startMs, endMs)),
    attributes: {
      "mcp.method.name": "tools/call",
      "gen_ai.tool.name": what.tool,
      "gen_ai.operation.name": "execute_tool",
      "mcp.session.id": what.sessionId,
      "gen_ai.tool.call.arguments": rows[0] && JSON.stringify(rows[0].arguments),
      "error.type": error?.type,
      [`${OWN}.call.id`]: what.callId,
      [`${OWN}.call.outcome`]: end?.outcome,
      [`${OWN}.call.attempts`]: end?.attempts,
      [`${OWN}.call.request_bytes`]: end?.requestBytes,
      [`${OWN}.call.reply_bytes`]: end?.replyBytes,
      [`${OWN}.turn.id`]: what.turnId,
      [`${OWN}.step.joined_by`]: place.joinedBy,
      [`${OWN}.backend`]: what.backend,
      [DECISION]: decision,
      [`${OWN}.fault.id`]: decision === "upstream_error" || error?.type === "upstream_error" ? place.fault : undefined,
    },
    events: rows.map((row) => ({
      nano: nano(row.decidedWallMs),
      name: DECISION,
      attributes: { [DECISION]: row.decision, [DECISION_REASON]: row.reason },
    })),
    ...(isLinked ? { links: [{ traceId: what.traceId, spanId: what.spanId }] } : {}),
    ...(error === undefined ? {} : { error: error.message }),
  };
  return [span, ...approvalSpans(rows, place)];
}

/** By the gateway's clock. */
export function startedWallMs({ rows: [first], end }: TracedCall): number {
  return end?.startedWallMs ?? (first?.decidedWallMs ?? 0) - (first?.durationMs ?? 0);
}

/** A server's span is none of an error when its caller asked for what is not there, by the conventions for MCP. */
function errorOf({ rows, end }: TracedCall): { type: string; message: string } | undefined {
  const last = rows.at(-1);
  if (end === undefined) {
    return last?.decision === "upstream_error" ? { type: "upstream_error", message: last.reason } : undefined;
  }
  if (end.outcome === "ok" || end.outcome === "unknown_tool") return undefined;
  return { type: end.outcome, message: end.error ?? "" };
}

function approvalSpans(rows: Row[], { traceId, spanId, approvalSpanId, nano, runEndWallMs }: CallPlace): Span[] {
  const asked = rows.find(({ decision }) => decision === "approvalRequired");
  if (asked === undefined) return [];
  const answered = rows.find(({ decision }) => ANSWERS.has(decision));
  const endMs = answered?.decidedWallMs ?? runEndWallMs;
  return [
    {
      traceId,
      spanId: approvalSpanId,
      parentSpanId: spanId,
      name: `approval ${asked.tool}`,
      kind: INTERNAL,
      startNano: nano(asked.decidedWallMs),
      endNano: nano(Math.max(asked.decidedWallMs, endMs)),
      attributes: {
        [`${OWN}.approval.result`]: answered?.decision ?? "waiting",
        [`${OWN}.approval.reason`]: answered?.reason,
      },
    },
  ];
}
