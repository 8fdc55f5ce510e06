import { lastedUntil, type Span } from "../../model/span.ts";
import { INTERNAL, type Span as OtlpSpan, SERVER } from "./otlp-span.ts";

/** For what OpenTelemetry has no convention: decisions, approvals, faults, steps. `gen_ai` and `mcp` are reserved. */
export const OWN = "resilience_lab";

/** Where a call's spans are in the exported trace. */
export interface CallPlace {
  traceId: string;
  spanId: string;
  parentSpanId: string;
  approvalSpanId: string;
  /** The fault that met a request of the call's own trace. */
  fault: string | undefined;
  /** Nanoseconds since the epoch of a moment of the run's clock. */
  nano: (ms: number) => string;
  /** When the run ended: what has no end yet is written to there. */
  runEndMs: number;
}

const TRACE_ID = /^(?!0+$)[0-9a-f]{32}$/;
const SPAN_ID = /^(?!0+$)[0-9a-f]{16}$/;
const DECISION = `${OWN}.decision`;
const DECISION_REASON = `${OWN}.decision.reason`;

/**
 * The call from its request to its reply, or to its last decision where none is told, as the gateway's server span, with
 * the names and attributes of OpenTelemetry's conventions for MCP, and below it the approval that it waited for. The span
 * that the gateway itself told its callers and backends of is in the trace that the caller began: a link leads there.
 */
export function callSpans(call: Span<"call">, approval: Span<"approval"> | undefined, place: CallPlace): OtlpSpan[] {
  const { name, startMs, attributes } = call;
  const { decisions, end } = attributes;
  const { traceId, spanId, parentSpanId, nano } = place;
  const own = end ?? attributes;
  const error = errorOf(call);
  const decision = decisions.at(-1)?.event.decision;
  const isLinked = TRACE_ID.test(own.traceId) && SPAN_ID.test(own.spanId);
  const span: OtlpSpan = {
    traceId,
    spanId,
    parentSpanId,
    name: name === "" ? "tools/call" : `tools/call ${name}`,
    kind: SERVER,
    startNano: nano(startMs),
    endNano: nano(Math.max(startMs, lastedUntil(call, place.runEndMs))),
    attributes: {
      "mcp.method.name": "tools/call",
      "gen_ai.tool.name": name,
      "gen_ai.operation.name": "execute_tool",
      "mcp.session.id": attributes.sessionId,
      "gen_ai.tool.call.arguments": decisions.length === 0 ? undefined : JSON.stringify(attributes.arguments),
      "error.type": error?.type,
      [`${OWN}.call.id`]: attributes.callId,
      [`${OWN}.call.outcome`]: end?.outcome,
      [`${OWN}.call.attempts`]: end?.attempts,
      [`${OWN}.call.request_bytes`]: end?.requestBytes,
      [`${OWN}.call.reply_bytes`]: end?.replyBytes,
      [`${OWN}.turn.id`]: attributes.turnId,
      [`${OWN}.step.joined_by`]: attributes.joinedBy,
      [`${OWN}.backend`]: attributes.backend,
      [DECISION]: decision,
      [`${OWN}.fault.id`]: decision === "upstream_error" || error?.type === "upstream_error" ? place.fault : undefined,
    },
    events: decisions.map(({ atMs, event }) => ({
      nano: nano(atMs),
      name: DECISION,
      attributes: { [DECISION]: event.decision, [DECISION_REASON]: event.reason },
    })),
    ...(isLinked ? { links: [{ traceId: own.traceId, spanId: own.spanId }] } : {}),
    ...(error === undefined ? {} : { error: error.message }),
  };
  return approval === undefined ? [span] : [span, approvalSpan(approval, place)];
}

/** A server's span is none of an error when its caller asked for what is not there, by the conventions for MCP. */
function errorOf({ attributes: { decisions, end } }: Span<"call">): { type: string; message: string } | undefined {
  if (end === undefined) {
    const last = decisions.at(-1)?.event;
    return last?.decision === "upstream_error" ? { type: "upstream_error", message: last.reason } : undefined;
  }
  if (end.outcome === "ok" || end.outcome === "unknown_tool") return undefined;
  return { type: end.outcome, message: end.error ?? "" };
}

function approvalSpan(approval: Span<"approval">, place: CallPlace): OtlpSpan {
  const { name, startMs, status, attributes } = approval;
  return {
    traceId: place.traceId,
    spanId: place.approvalSpanId,
    parentSpanId: place.spanId,
    name: `approval ${name}`,
    kind: INTERNAL,
    startNano: place.nano(startMs),
    endNano: place.nano(Math.max(startMs, lastedUntil(approval, place.runEndMs))),
    attributes: {
      [`${OWN}.approval.result`]: status,
      [`${OWN}.approval.reason`]: attributes.reason,
    },
  };
}
