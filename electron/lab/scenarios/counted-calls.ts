import { isObject } from "../../model/json.ts";
import { decidedCalls, type RunView } from "../../model/run-view.ts";
import { isOpen, type Span } from "../../model/span.ts";
import { isRefusal } from "../../model/tone.ts";
import type { CallEnding } from "./check-schema.ts";

/** A call as checks count it. */
export interface CountedCall {
  tool: string;
  /** Undefined while it is open, or where its end was not seen. */
  isOk: boolean | undefined;
  atMs: number;
  sessionId?: string;
}

/** Whether a gateway records its calls: then calls read on links do not count. */
export function hasDecisions({ started, calls }: RunView): boolean {
  if (calls.length > 0 || started?.decisionsFrom !== undefined) return true;
  return started?.services.some(({ role }) => role === "audit-log") ?? true;
}

/** The calls of a run so far, in the order in which they were made. */
export function countedCalls(view: RunView): CountedCall[] {
  if (hasDecisions(view)) return decidedCalls(view).map(decided);
  const onLinks = view.wireCalls.filter(({ attributes }) => attributes.isCounted === true).map(onLink);
  return [...view.steps.flatMap(ownCalls), ...onLinks].sort((one, other) => one.atMs - other.atMs);
}

export function isCounted({ isOk }: CountedCall, ending: CallEnding): boolean {
  return ending === "any" || (isOk !== undefined && isOk === (ending === "ok"));
}

function decided(call: Span<"call">): CountedCall {
  const { end, decisions, sessionId } = call.attributes;
  const last = decisions.at(-1)?.event.decision;
  const byDecision = last === undefined || last === "approvalRequired" || isOpen(call) ? undefined : !isRefusal(last);
  return {
    tool: call.name,
    isOk: end === undefined ? byDecision : end.outcome === "ok",
    atMs: call.startMs,
    sessionId,
  };
}

function onLink({ name, status, startMs }: Span<"wire">): CountedCall {
  const isOk = status === "ok" ? true : status === "error" ? false : undefined;
  return { tool: name, isOk, atMs: startMs };
}

/** The calls that a step of the scenario made, from its output. */
function ownCalls({ startMs, attributes: { kind, output } }: Span<"step">): CountedCall[] {
  if (!isObject(output) || typeof output.tool !== "string") return [];
  const { tool, ok, outcomes } = output;
  if (kind === "call") return [{ tool, isOk: ok === true, atMs: startMs }];
  if (kind !== "storm" || !isObject(outcomes)) return [];
  return Object.entries(outcomes).flatMap(([outcome, count]) =>
    Array.from({ length: Number(count) }, () => ({ tool, isOk: outcome === "ok", atMs: startMs })),
  );
}
