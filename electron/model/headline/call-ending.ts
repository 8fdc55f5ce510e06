import { isCallOutput } from "../call-output.ts";
import type { RunView } from "../run-view.ts";
import { isOpen, overlaps, type Span } from "../span.ts";

/** How a call ended, as an audience is told. */
export const CALL_ENDINGS = [
  "ok",
  "redacted",
  "approved",
  "failed",
  "denied",
  "turned down",
  "expired",
  "over budget",
  "refused",
  "unknown tool",
  "cancelled",
  "busy",
  "open",
] as const;
export type CallEnding = (typeof CALL_ENDINGS)[number];

/** `was`: singular; `were`: plural. */
export const ENDING_PHRASES: Record<CallEnding, { was: string; were: string }> = {
  ok: { was: "succeeded", were: "succeeded" },
  redacted: { was: "went through redacted", were: "went through redacted" },
  approved: { was: "was approved", were: "were approved" },
  failed: { was: "failed", were: "failed" },
  denied: { was: "was denied by the policy", were: "were denied by the policy" },
  "turned down": { was: "was denied by a person", were: "were denied by a person" },
  expired: { was: "expired without approval", were: "expired without approval" },
  "over budget": { was: "was refused by the budget", were: "were refused by the budget" },
  refused: { was: "was refused at the gateway", were: "were refused at the gateway" },
  "unknown tool": { was: "was refused as unknown", were: "were refused as unknown" },
  cancelled: { was: "was given up by its caller", were: "were given up by their callers" },
  busy: { was: "was refused as busy", were: "were refused as busy" },
  open: { was: "did not end", were: "did not end" },
};

export interface EndedCall {
  /** Tool, JSON-RPC method, or HTTP method and path. */
  name: string;
  ending: CallEnding;
  startMs: number;
  /** Infinite while it is open. */
  endMs: number;
  /** How often it was sent to its server; undefined where nothing records it. */
  attempts: number | undefined;
  /** It was not sent, and the circuit of its backend was open as it started. */
  wasRefusedByCircuit: boolean;
}

/** The calls of a run in their order: those that its gateway records, else those counted on its links, else those of its steps. */
export function endedCalls(view: RunView): EndedCall[] {
  if (view.calls.length > 0) return view.calls.map((call) => endedCall(view, call));
  const counted = view.wireCalls.filter(({ attributes }) => attributes.isCounted);
  if (counted.length > 0) return counted.map((call) => unrecorded(call, call.name, WIRE_ENDINGS[call.status]));
  return view.steps.flatMap((step) => {
    const { output } = step.attributes;
    return isCallOutput(output) ? [unrecorded(step, output.tool, output.ok ? "ok" : "failed")] : [];
  });
}

function unrecorded(
  { startMs, endMs }: { startMs: number; endMs: number },
  name: string,
  ending: CallEnding,
): EndedCall {
  return { name, ending, startMs, endMs, attempts: undefined, wasRefusedByCircuit: false };
}

const WIRE_ENDINGS = { open: "open", ok: "ok", error: "failed", unknown: "open" } as const;

export function endedCall(view: RunView, call: Span<"call">): EndedCall {
  const { name, startMs, endMs, attributes } = call;
  const attempts = attributes.end?.attempts;
  const isOpenCircuit = view.backends.some(
    ({ status, attributes: { what, backend }, ...circuit }) =>
      what === "circuit" && status === "open" && backend === attributes.backend && overlaps(circuit, startMs, startMs),
  );
  const wasRefusedByCircuit = isOpenCircuit && (attempts ?? 0) === 0;
  return { name, startMs, endMs, ending: endingOf(call), attempts, wasRefusedByCircuit };
}

const BY_STATUS: Record<Span<"call">["status"], CallEnding> = {
  allow: "ok",
  redact: "redacted",
  approved: "approved",
  approvalRequired: "open",
  deny: "denied",
  denied: "turned down",
  expired: "expired",
  budgetExceeded: "over budget",
  upstream_error: "failed",
  ok: "ok",
  tool_error: "failed",
  refused: "refused",
  cancelled: "cancelled",
  busy: "busy",
  unknown_tool: "unknown tool",
};

/** The last decision says how a call ended, unless it was forwarded: then its recorded end does. */
function endingOf(call: Span<"call">): CallEnding {
  const decided = BY_STATUS[call.status];
  const isForwarded = decided === "ok" || decided === "redacted" || decided === "approved";
  if (!isForwarded) return decided;
  const { end } = call.attributes;
  if (end === undefined) return isOpen(call) ? "open" : decided;
  const recorded = BY_STATUS[end.outcome];
  return recorded === "ok" ? decided : recorded;
}
