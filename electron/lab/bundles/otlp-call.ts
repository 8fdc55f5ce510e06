import { lastedUntil, type Span } from "../../model/span.ts";
import { INTERNAL, type Span as OtlpSpan, SERVER } from "./otlp-span.ts";

/** Prefix of attributes without an OpenTelemetry convention: decisions, approvals, faults, steps. `gen_ai` and `mcp` are reserved. */
export const OWN = "resilience_lab";

/** Position of a call's spans in the exported trace. */
export interface CallContext {
  traceId: string;
  spanId: string;
  parentSpanId: string;
  approvalSpanId: string;
  /** The fault that a request of the call met. */
  fault: string | undefined;
  /** Converts a time on the run's clock to nanoseconds since the epoch. */
  nano: (ms: number) => string;
  /** End of the run, used for spans without an end. */
  runEndMs: number;
}

const TRACE_ID = /^(?!0+$)[0-9a-f]{32}$/;
const SPAN_ID = /^(?!0+$)[0-9a-f]{16}$/;
const DECISION = `${OWN}.decision`;
const DECISION_REASON = `${OWN}.decision.reason`;

/**
 * The call as the gateway's server span, from its request to its reply, or to its last decision where no end is recorded,
 * with the names and attributes of OpenTelemetry's conventions for MCP; below it the approval that it waited for. The
 * gateway's own span, which it passed to callers and backends, is in the caller's trace: a span link refers to it.
 */
export function callSpans(
  call: Span<"call">,
  approval: Span<"approval"> | undefined,
  context: CallContext,
): OtlpSpan[] {
  const { name, startMs, attributes } = call;
  const { decisions, end } = attributes;
  const { traceId, spanId, parentSpanId, nano } = context;
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
    endNano: nano(Math.max(startMs, lastedUntil(call, context.runEndMs))),
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
      [`${OWN}.fault.id`]:
        decision === "upstream_error" || error?.type === "upstream_error" ? context.fault : undefined,
    },
    events: decisions.map(({ atMs, event }) => ({
      nano: nano(atMs),
      name: DECISION,
      attributes: { [DECISION]: event.decision, [DECISION_REASON]: event.reason },
    })),
    ...(isLinked ? { links: [{ traceId: own.traceId, spanId: own.spanId }] } : {}),
    ...(error === undefined ? {} : { error: error.message }),
  };
  return approval === undefined ? [span] : [span, approvalSpan(approval, context)];
}

/** By the conventions for MCP a server span is not an error when the caller requested something that does not exist. */
function errorOf({ attributes: { decisions, end } }: Span<"call">): { type: string; message: string } | undefined {
  if (end === undefined) {
    const last = decisions.at(-1)?.event;
    return last?.decision === "upstream_error" ? { type: "upstream_error", message: last.reason } : undefined;
  }
  if (end.outcome === "ok" || end.outcome === "unknown_tool") return undefined;
  return { type: end.outcome, message: end.error ?? "" };
}

function approvalSpan(approval: Span<"approval">, context: CallContext): OtlpSpan {
  const { name, startMs, status, attributes } = approval;
  return {
    traceId: context.traceId,
    spanId: context.approvalSpanId,
    parentSpanId: context.spanId,
    name: `approval ${name}`,
    kind: INTERNAL,
    startNano: context.nano(startMs),
    endNano: context.nano(Math.max(startMs, lastedUntil(approval, context.runEndMs))),
    attributes: {
      [`${OWN}.approval.result`]: status,
      [`${OWN}.approval.reason`]: attributes.reason,
    },
  };
}
