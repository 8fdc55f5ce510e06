/**
 * One tools/call from its arrival to its response: policy, turn, budget, redaction, approval, and only then the backend.
 * Nothing reaches a backend before every decision about the call is taken.
 */
import { randomUUID } from "node:crypto";
import type { Approvals, HoldResult } from "../approvals/approvals.ts";
import type { AuditSpool } from "../audit/spool.ts";
import type { Backend } from "../backends/backend.ts";
import type { CapabilityCache } from "../backends/capability-cache.ts";
import type { Caller } from "../mcp/exchange.ts";
import { errorCodes, errorText, isObject, type Params, type RequestMessage } from "../mcp/messages.ts";
import type { Policy, Verdict } from "../policy/policy.ts";
import { redact } from "../policy/redaction.ts";
import type { Session } from "../sessions/session.ts";
import { type Slot, TurnLockTimeout } from "../sessions/turns.ts";
import { formatDuration, type Settings } from "../settings.ts";
import { AuditTrail } from "./audit-trail.ts";
import type { CallHistory } from "./history.ts";
import { type Progress, progressOf } from "./progress.ts";
import { continueTrace } from "./trace-context.ts";
import { forwardFailure } from "./upstream-error.ts";

export interface ToolCallParts {
  settings: Settings;
  policy: Policy;
  capabilities: CapabilityCache;
  approvals: Approvals;
  audit: AuditSpool;
  history: CallHistory;
}

/** What carried the call here. */
export interface CallContext {
  session: Session;
  turnId: string | undefined;
  traceparent: string | undefined;
  caller: Caller;
  /** By performance.now(). */
  arrivedAtMs: number;
}

/** A call that has been understood and may be worked on. */
interface Call {
  request: RequestMessage;
  context: CallContext;
  id: string;
  tool: string;
  arguments: Record<string, unknown> | undefined;
  turnId: string;
  backend: Backend;
  verdict: Verdict;
  trail: AuditTrail;
  traceparent: string;
  progress: Progress | undefined;
}

const deepestArguments = 64;

export class ToolCalls {
  readonly #parts: ToolCallParts;
  #running = 0;

  constructor(parts: ToolCallParts) {
    this.#parts = parts;
  }

  get running(): number {
    return this.#running;
  }

  /** The response as JSON text. Rejects with CallerLeft when nobody is there to take it. */
  async run(request: RequestMessage, context: CallContext): Promise<string> {
    const { name: tool, arguments: toolArguments } = request.params;
    if (typeof tool !== "string" || tool === "") return invalid(request, "params.name must be the name of a tool");
    if (toolArguments !== undefined && !isObject(toolArguments)) {
      return invalid(request, "params.arguments must be an object");
    }
    if (isDeeperThan(toolArguments, deepestArguments)) {
      return invalid(request, `params.arguments is nested deeper than ${deepestArguments} levels`);
    }
    const backend = await this.#parts.capabilities.find(tool);
    if (!backend) return invalid(request, `Unknown tool: ${tool}`);
    const call = this.#begin(request, context, tool, toolArguments, backend);
    this.#running += 1;
    try {
      return await this.#decide(call);
    } finally {
      this.#running -= 1;
      this.#remember(call);
    }
  }

  #begin(
    request: RequestMessage,
    context: CallContext,
    tool: string,
    toolArguments: Record<string, unknown> | undefined,
    backend: Backend,
  ): Call {
    const id = randomUUID();
    const turnId = context.turnId ?? randomUUID();
    const meta = request.params._meta;
    const trace = continueTrace(isObject(meta) ? meta.traceparent : undefined, context.traceparent);
    const known = {
      callId: id,
      sessionId: context.session.id,
      turnId,
      tool,
      backend: backend.name,
      traceId: trace.traceId,
      spanId: trace.spanId,
    };
    const verdict = this.#parts.policy.evaluate(tool);
    const trail = new AuditTrail(this.#parts.audit, known, toolArguments, context.arrivedAtMs);
    const { traceparent } = trace;
    const progress = progressOf(request.params, context.caller);
    return {
      request,
      context,
      id,
      tool,
      arguments: toolArguments,
      turnId,
      backend,
      verdict,
      trail,
      traceparent,
      progress,
    };
  }

  async #decide(call: Call): Promise<string> {
    const { verdict, context, tool } = call;
    if (verdict.action === "deny") {
      // A denied call takes no slot: it touches nothing, so it need not wait for anything.
      return refuse(call, "deny", verdict.reason, `denied by policy: ${tool}: ${verdict.reason}`);
    }
    let slot: Slot;
    try {
      const { turns } = context.session;
      slot = await turns.acquire(call.turnId, context.turnId === undefined, verdict.access, context.caller.signal);
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

  async #decideInTurn(call: Call, slot: Slot): Promise<string> {
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
    else if (verdict.action === "redact") await trail.add("allow", `${verdict.reason}; redaction is switched off`);
    else await trail.add("allow", verdict.reason);
    return this.#forward(call);
  }

  async #ask(call: Call, slot: Slot): Promise<string> {
    const { trail, verdict, context, tool } = call;
    await trail.add("approvalRequired", verdict.reason);
    const { caller } = context;
    const keepNoLonger = slot.extend();
    let result: HoldResult;
    try {
      result = await this.#parts.approvals.hold({
        callId: call.id,
        sessionId: context.session.id,
        turnId: call.turnId,
        tool,
        arguments: call.arguments,
        progress: call.progress,
        caller,
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
        return errorText(call.request.id, errorCodes.internal, "the gateway is stopping; the approval was not decided");
    }
  }

  async #forward(call: Call): Promise<string> {
    const { request, context, backend, tool, traceparent } = call;
    const { caller } = context;
    const meta = isObject(request.params._meta) ? request.params._meta : {};
    const params: Params = { name: tool, arguments: call.arguments ?? {}, _meta: { ...meta, traceparent } };
    try {
      const reply = await backend.request("tools/call", params, {
        deadlineMs: this.#parts.settings.upstreamDeadlineMs,
        signal: caller.signal,
        traceparent,
        onProgress: call.progress?.continued(),
      });
      return reply.textFor(request.id);
    } catch (error) {
      return forwardFailure(error, request.id, backend.name, (reason) => call.trail.add("upstream_error", reason));
    }
  }

  #busy(call: Call): string {
    const waited = formatDuration(this.#parts.settings.turnLockWaitMs);
    const message = `session busy: another turn holds the session; gave up after TURN_LOCK_WAIT (${waited})`;
    return errorText(call.request.id, errorCodes.busy, message, { reason: "TURN_LOCK_WAIT" });
  }

  #remember({ id, tool, trail }: Call): void {
    this.#parts.history.add({
      callId: id,
      tool,
      decision: trail.last ?? "none",
      durationMs: trail.durationMs,
      endedAt: new Date().toISOString(),
    });
  }

  #redacts({ verdict }: Call): boolean {
    return verdict.redactFields.length > 0 && !this.#isOff("redaction");
  }

  #isOff(protection: "budget" | "redaction"): boolean {
    return this.#parts.settings.protectionsOff.has(protection);
  }
}

async function refuse(
  call: Call,
  decision: "deny" | "budgetExceeded" | "denied" | "expired",
  reason: string,
  message: string,
): Promise<string> {
  await call.trail.add(decision, reason);
  return errorText(call.request.id, errorCodes.refused, message, { decision, reason });
}

function invalid(request: RequestMessage, message: string): string {
  return errorText(request.id, errorCodes.invalidParams, message);
}

/** What is nested too deep for the functions that walk arguments is refused before any of them sees it. */
function isDeeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (levels === 0) return true;
  for (const item of Object.values(value)) if (isDeeperThan(item, levels - 1)) return true;
  return false;
}
