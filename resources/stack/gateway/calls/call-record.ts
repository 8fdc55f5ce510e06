/** The state of one call from its arrival, and the one row that it leaves when it ends. */
import { randomUUID } from "node:crypto";
import { isObject } from "../../http/json.ts";
import { contextsOf, mcpSpan } from "../../telemetry/mcp-span.ts";
import type { RunningSpan } from "../../telemetry/span.ts";
import { tracing } from "../../telemetry/tracing.ts";
import type { CallEntry, CallOutcome } from "../audit/call-row.ts";
import type { Spool } from "../audit/spool.ts";
import type { RequestMessage } from "../protocol/messages.ts";
import type { CallerLeft } from "../sessions/exchange.ts";
import type { CallContext } from "./call-context.ts";
import { continueTrace, type TraceContext } from "./trace-context.ts";

/** The response to a call, and its outcome. */
export interface Answer {
  /** JSON. */
  text: string;
  outcome: CallOutcome;
  /** The error, if it is not `ok`. */
  error?: string | undefined;
}

export class CallRecord {
  readonly callId = randomUUID();
  readonly turnId: string;
  readonly trace: TraceContext;
  /** Absent while this process is not traced. */
  readonly span: RunningSpan | undefined;
  /** Set once a backend that offers the tool is found. */
  backend: string | undefined;
  /** Incremented each time the call is sent to the backend. */
  attempts = 0;
  readonly #spool: Pick<Spool<CallEntry>, "add">;
  readonly #request: RequestMessage;
  readonly #context: CallContext;
  readonly #startedMs: number;
  #hasEnded = false;

  constructor(spool: Pick<Spool<CallEntry>, "add">, request: RequestMessage, context: CallContext) {
    const meta = request.params._meta;
    this.#spool = spool;
    this.#request = request;
    this.#context = context;
    this.#startedMs = Date.now() - (performance.now() - context.arrivedAtMs);
    this.turnId = context.turnId ?? randomUUID();
    this.span = tracing()?.start({
      ...mcpSpan("server", request, { id: context.session.id }),
      contexts: contextsOf(request.params, context),
    });
    this.trace =
      ownTrace(this.span) ?? continueTrace(isObject(meta) ? meta.traceparent : undefined, context.traceparent);
    context.caller.signal.addEventListener("abort", () => void this.end({ outcome: "cancelled" }), { once: true });
  }

  /**
   * Resolves once the call's end is on disk; its response, if any, is sent only afterwards. A call ends once, at the latest
   * when its caller leaves: its work may detect that much later, or not before the gateway stops.
   */
  async end({ text, outcome, error }: Omit<Answer, "text"> & { text?: string }): Promise<void> {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    const { session, caller, requestBytes, arrivedAtMs } = this.#context;
    const { name } = this.#request.params;
    // A result for a caller that has left was not delivered.
    const left = caller.signal.aborted ? (caller.signal.reason as CallerLeft).message : undefined;
    this.#endSpan(left === undefined ? outcome : "cancelled", left ?? error);
    await this.#spool.add({
      callId: this.callId,
      sessionId: session.id,
      turnId: this.turnId,
      tool: typeof name === "string" ? name : "",
      backend: this.backend,
      startedMs: this.#startedMs,
      endedMs: this.#startedMs + (performance.now() - arrivedAtMs),
      outcome: left === undefined ? outcome : "cancelled",
      attempts: this.attempts,
      requestBytes,
      replyBytes: left === undefined && text !== undefined ? Buffer.byteLength(text) : 0,
      error: left ?? error,
      traceId: this.trace.traceId,
      spanId: this.trace.spanId,
    });
  }

  #endSpan(outcome: CallOutcome, problem: string | undefined): void {
    const type = outcome === "ok" ? undefined : outcome;
    this.span?.end(
      {
        "resilience_lab.outcome": outcome,
        "resilience_lab.backend": this.backend,
        "resilience_lab.attempts": this.attempts,
        "error.type": type,
      },
      problem,
    );
  }
}

function ownTrace(span: RunningSpan | undefined): TraceContext | undefined {
  return span && { traceId: span.traceId, spanId: span.spanId, traceparent: span.context.traceparent ?? "" };
}
