/**
 * One tools/call from arrival to response: policy, turn, budget, redaction, approval, and only then the backend. No call
 * reaches a backend before every decision on it is taken.
 */

import type { BoundedHistory } from "../../http/bounded-history.ts";
import { isObject } from "../../http/json.ts";
import { mcpSpan } from "../../telemetry/mcp-span.ts";
import type { RunningSpan } from "../../telemetry/span.ts";
import { tracing } from "../../telemetry/tracing.ts";
import type { Approvals, HoldResult } from "../approvals/approvals.ts";
import type { CallEntry } from "../audit/call-row.ts";
import type { AuditEntry } from "../audit/entry.ts";
import type { Spool } from "../audit/spool.ts";
import type { Backend } from "../backends/backend.ts";
import type { CapabilityCache } from "../backends/capability-cache.ts";
import type { Tool } from "../backends/conflicts/conflict-strategy.ts";
import type { SessionViews } from "../backends/session-views.ts";
import { UpstreamFailure } from "../backends/upstream-failure.ts";
import type { Policy, Verdict } from "../policy/policy.ts";
import { redact } from "../policy/redaction.ts";
import { errorCodes, errorText, type Params, type RequestMessage } from "../protocol/messages.ts";
import { CallerLeft } from "../sessions/exchange.ts";
import { type Progress, progressOf } from "../sessions/progress.ts";
import { type Slot, TurnLockTimeout } from "../sessions/turns.ts";
import { formatDuration, type Settings } from "../settings.ts";
import type { Subscribers } from "../subscribers/subscribers.ts";
import { AuditTrail } from "./audit-trail.ts";
import type { CallContext } from "./call-context.ts";
import { type Answer, CallRecord } from "./call-record.ts";
import type { PastCall } from "./past-call.ts";
import { forwardFailure } from "./upstream-error.ts";

export interface ToolCallParts {
  settings: Settings;
  policy: Policy;
  capabilities: CapabilityCache;
  views: SessionViews;
  approvals: Approvals;
  /** Where decisions and ends of calls go. */
  audit: Pick<Spool<AuditEntry>, "add">;
  calls: Pick<Spool<CallEntry>, "add">;
  subscribers: Subscribers;
  history: BoundedHistory<PastCall>;
}

/** A validated call with its policy verdict. */
interface Call {
  request: RequestMessage;
  context: CallContext;
  record: CallRecord;
  /** As the client calls it. */
  tool: string;
  /** As its backend calls it. */
  backendTool: string;
  /** The backend says so, and is trusted with it. */
  mayRepeat: boolean;
  arguments: Record<string, unknown> | undefined;
  backend: Backend;
  verdict: Verdict;
  trail: AuditTrail;
  progress: Progress | undefined;
}

const deepestArguments = 64;

export class ToolCalls {
  readonly #parts: ToolCallParts;
  readonly #running = new Set<Promise<string>>();
  /** Calls that are with a backend. */
  #sent = 0;

  constructor(parts: ToolCallParts) {
    this.#parts = parts;
  }

  get running(): number {
    return this.#running.size;
  }

  /** Calls in progress that are not with a backend: they wait for their turn, for a place, or for the process. */
  get waiting(): number {
    return this.#running.size - this.#sent;
  }

  /** Resolves once no call is in progress and all their rows are in the spools; at the latest after the limit. */
  async idle(limitMs: number): Promise<void> {
    const late = new Promise((resolve) => setTimeout(resolve, limitMs).unref());
    await Promise.race([Promise.allSettled(this.#running), late]);
  }

  /** The response as JSON text. Rejects with CallerLeft if the caller has left. */
  run(request: RequestMessage, context: CallContext): Promise<string> {
    return this.#recorded(request, context, (record) => this.#answer(request, context, record));
  }

  /** A call that the gateway answers itself. */
  answerItself(request: RequestMessage, context: CallContext, answer: () => Promise<Answer>): Promise<string> {
    return this.#recorded(request, context, answer);
  }

  /** The response to a call beyond the session's limit. */
  turnAway(request: RequestMessage, context: CallContext, problem: string): Promise<string> {
    return this.#recorded(request, context, async () => busy(request, problem));
  }

  async #recorded(
    request: RequestMessage,
    context: CallContext,
    work: (record: CallRecord) => Promise<Answer>,
  ): Promise<string> {
    const running = record(new CallRecord(this.#parts.calls, request, context), work);
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }

  async #answer(request: RequestMessage, context: CallContext, record: CallRecord): Promise<Answer> {
    const { name: tool, arguments: toolArguments } = request.params;
    if (typeof tool !== "string" || tool === "") return invalid(request, "params.name must be the name of a tool");
    if (toolArguments !== undefined && !isObject(toolArguments)) {
      return invalid(request, "params.arguments must be an object");
    }
    if (isDeeperThan(toolArguments, deepestArguments)) {
      return invalid(request, `params.arguments is nested deeper than ${deepestArguments} levels`);
    }
    const found = await this.#parts.capabilities.find(tool, this.#parts.views.of(context.session));
    if (!found) return { ...invalid(request, `Unknown tool: ${tool}`), outcome: "unknown_tool" };
    const { backend } = found;
    record.backend = backend.name;
    if ("excluded" in found) return { ...invalid(request, notInSession(tool, found)), outcome: "unknown_tool" };
    if ("withheld" in found) return invalid(request, `${tool} is quarantined: ${found.withheld}`);
    const { trustsHints, repeatsWrites } = backend.settings;
    const mayRepeat = repeatsWrites || (trustsHints && isRepeatable(found.tool));
    const what = { tool, backendTool: found.tool.name, mayRepeat, arguments: toolArguments, backend };
    const call = this.#understood(request, context, record, what);
    try {
      return await this.#decide(call);
    } finally {
      this.#remember(call);
    }
  }

  #understood(
    request: RequestMessage,
    context: CallContext,
    record: CallRecord,
    what: Pick<Call, "tool" | "backendTool" | "mayRepeat" | "arguments" | "backend">,
  ): Call {
    const { callId, turnId, trace } = record;
    const known = {
      callId,
      sessionId: context.session.id,
      turnId,
      tool: what.tool,
      backend: what.backend.name,
      traceId: trace.traceId,
      spanId: trace.spanId,
    };
    return {
      request,
      context,
      record,
      ...what,
      verdict: this.#parts.policy.evaluate(what.tool, what.backendTool),
      trail: new AuditTrail(this.#parts.audit, known, what.arguments, context.arrivedAtMs),
      progress: progressOf(request.params, context.caller),
    };
  }

  async #decide(call: Call): Promise<Answer> {
    const { verdict, context, tool } = call;
    if (verdict.action === "deny") {
      // A denied call takes no slot: it has no effect, so it need not wait.
      return refuse(call, "deny", verdict.reason, `denied by policy: ${tool}: ${verdict.reason}`);
    }
    let slot: Slot;
    try {
      const { turns } = context.session;
      slot = await turns.acquire(
        call.record.turnId,
        context.turnId === undefined,
        verdict.access,
        context.caller.signal,
      );
    } catch (error) {
      if (error instanceof TurnLockTimeout) return this.#busy(call);
      throw error;
    }
    try {
      return await this.#decideInTurn(call, slot);
    } finally {
      slot.release();
    }
  }

  async #decideInTurn(call: Call, slot: Slot): Promise<Answer> {
    const { verdict, trail, tool } = call;
    const limit = this.#parts.policy.maxToolCallsPerTurn;
    if (this.#redacts(call)) {
      call.arguments = redact(call.arguments, verdict.redactFields) as Call["arguments"];
      trail.replaceArguments(call.arguments);
    }
    if (limit !== undefined && slot.ordinal > limit && !this.#isOff("budget")) {
      const reason = `call ${slot.ordinal} of the turn, ${limit} are allowed`;
      return refuse(call, "budgetExceeded", reason, `tool call budget exceeded: ${tool}: ${reason}`);
    }
    if (verdict.action === "approvalRequired") return this.#ask(call, slot);
    if (this.#redacts(call)) await trail.add("redact", verdict.reason);
    else if (verdict.action === "redact") await trail.add("allow", `${verdict.reason}; redaction is disabled`);
    else await trail.add("allow", verdict.reason);
    return this.#forward(call);
  }

  async #ask(call: Call, slot: Slot): Promise<Answer> {
    const { trail, verdict, context, tool } = call;
    await trail.add("approvalRequired", verdict.reason);
    const { caller } = context;
    const keepNoLonger = slot.extend();
    let result: HoldResult;
    try {
      result = await this.#parts.approvals.hold({
        callId: call.record.callId,
        sessionId: context.session.id,
        turnId: call.record.turnId,
        tool,
        arguments: call.arguments,
        progress: call.progress,
        caller,
        trace: call.record.span?.context,
      });
    } finally {
      keepNoLonger();
    }
    switch (result.status) {
      case "approved":
        await trail.add("approved", result.reason);
        return this.#forward(call);
      case "denied":
        return refuse(call, "denied", result.reason, "approval denied");
      case "expired":
        return refuse(call, "expired", result.reason, "approval timeout");
      case "stopped":
        return stopped(call.request);
    }
  }

  async #forward(call: Call): Promise<Answer> {
    const { request, context, backend, backendTool, record } = call;
    const { caller } = context;
    const span = startForward(call);
    const { traceparent, baggage } = span?.context ?? { traceparent: record.trace.traceparent };
    const carried = { traceparent, ...(baggage === undefined ? {} : { baggage }) };
    const meta = isObject(request.params._meta) ? request.params._meta : {};
    const params: Params = { name: backendTool, arguments: call.arguments ?? {}, _meta: { ...meta, ...carried } };
    let isSent = false;
    try {
      const reply = await backend.guarded.request("tools/call", params, {
        deadlineMs: backend.settings.deadlineMs,
        client: context.session.id,
        mayRepeat: call.mayRepeat,
        signal: caller.signal,
        traceparent,
        onProgress: call.progress && this.#onProgress(call, call.progress),
        onAttempt: () => {
          record.attempts += 1;
          if (record.attempts > 1) span?.event("attempt", { attempt: record.attempts });
          if (!isSent) this.#sent += 1;
          isSent = true;
        },
      });
      const text = reply.textFor(request.id);
      const { failure: error } = reply;
      span?.end({ "error.type": error === undefined ? undefined : "tool_error" }, error);
      return error === undefined ? { text, outcome: "ok" } : { text, outcome: "tool_error", error };
    } catch (failure) {
      let error: string | undefined;
      span?.end({ "error.type": failureType(failure) }, failure instanceof Error ? failure.message : undefined);
      const text = await forwardFailure(failure, request.id, backend.name, (reason) => {
        error = reason;
        return call.trail.add("upstream_error", reason);
      });
      return { text, outcome: "upstream_error", error };
    } finally {
      if (isSent) this.#sent -= 1;
    }
  }

  #onProgress({ record, context, tool }: Call, progress: Progress): (params: Params) => void {
    const forward = progress.continued();
    const { callId: call, turnId: turn } = record;
    return (detail) => {
      forward(detail);
      this.#parts.subscribers.publish({ kind: "progress", session: context.session.id, turn, call, tool, detail });
    };
  }

  #busy(call: Call): Answer {
    const waited = formatDuration(this.#parts.settings.turnLockWaitMs);
    const message = `session busy: another turn has the session; timed out after TURN_LOCK_WAIT (${waited})`;
    return busy(call.request, message, { reason: "TURN_LOCK_WAIT" });
  }

  #remember({ record, tool, trail }: Call): void {
    this.#parts.history.add({
      callId: record.callId,
      tool,
      decision: trail.last ?? "none",
      durationMs: trail.durationMs,
      endedAt: new Date(),
    });
  }

  #redacts({ verdict }: Call): boolean {
    return verdict.redactFields.length > 0 && !this.#isOff("redaction");
  }

  #isOff(protection: "budget" | "redaction"): boolean {
    return this.#parts.settings.protectionsOff.has(protection);
  }
}

/** Every call leaves one record, whatever its outcome. */
async function record(call: CallRecord, work: (call: CallRecord) => Promise<Answer>): Promise<string> {
  try {
    const answer = await work(call);
    await call.end(answer);
    return answer.text;
  } catch (error) {
    if (error instanceof CallerLeft) await call.end({ outcome: "cancelled" });
    else await call.end({ outcome: "refused", error: `internal error: ${String(error)}` });
    throw error;
  }
}

async function refuse(
  call: Call,
  decision: "deny" | "budgetExceeded" | "denied" | "expired",
  reason: string,
  message: string,
): Promise<Answer> {
  await call.trail.add(decision, reason);
  const text = errorText(call.request.id, errorCodes.refused, message, { decision, reason });
  return { text, outcome: "refused", error: message.includes(reason) ? message : `${message}: ${reason}` };
}

function isRepeatable({ annotations }: Tool): boolean {
  return isObject(annotations) && (annotations.readOnlyHint === true || annotations.idempotentHint === true);
}

function notInSession(tool: string, { backend, excluded }: { backend: Backend; excluded: string }): string {
  const why = `${backend.name}, which has it, is not part of this session: ${excluded}`;
  return `Unknown tool: ${tool}: ${why}. Open a new session once ${backend.name} has recovered`;
}

function invalid(request: RequestMessage, message: string): Answer {
  return { text: errorText(request.id, errorCodes.invalidParams, message), outcome: "refused", error: message };
}

function busy(request: RequestMessage, message: string, data?: unknown): Answer {
  return { text: errorText(request.id, errorCodes.busy, message, data), outcome: "busy", error: message };
}

function stopped(request: RequestMessage): Answer {
  const message = "the gateway is stopping; the approval was not decided";
  return { text: errorText(request.id, errorCodes.internal, message), outcome: "cancelled", error: message };
}

/** Arguments nested too deep for recursive functions are refused before any of those runs. */
function isDeeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (levels === 0) return true;
  for (const item of Object.values(value)) if (isDeeperThan(item, levels - 1)) return true;
  return false;
}

/** The span of the request to the backend, all attempts together. */
function startForward({ record, backend, backendTool, arguments: given }: Call): RunningSpan | undefined {
  if (record.span === undefined) return undefined;
  const start = mcpSpan("client", { method: "tools/call", params: { name: backendTool, arguments: given } });
  const attributes = { ...start.attributes, "resilience_lab.backend": backend.name };
  return tracing()?.start({ ...start, attributes, contexts: [record.span.context] });
}

function failureType(failure: unknown): string {
  if (failure instanceof CallerLeft) return "cancelled";
  return failure instanceof UpstreamFailure ? failure.kind : "_OTHER";
}
