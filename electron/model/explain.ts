import type { CallView, FaultView, RunView } from "./fold.ts";

/** How long after a fault was undone it can still be what a call failed of: connections take a moment to recover. */
const AFTERMATH_MS = 1_000;

export interface Explanation {
  call: CallView;
  /** The fault that the call failed of; undefined when none was in its way. */
  fault: FaultView | undefined;
}

/**
 * For each call that failed upstream, the fault that hit it: the one whose hit carries the call's trace, else one that
 * was in force on the way to a server while the call was under way.
 */
export function explainFailures(view: RunView): Explanation[] {
  return view.calls
    .filter(({ decisions }) => decisions.some(({ decision }) => decision === "upstream_error"))
    .map((call) => ({ call, fault: byTrace(view, call) ?? byTime(view, call) }));
}

function byTrace(view: RunView, call: CallView): FaultView | undefined {
  const traces = new Set(call.decisions.map(({ traceId }) => traceId).filter(Boolean));
  const hit = view.hits.find(({ traceId }) => traceId !== undefined && traces.has(traceId));
  return hit && view.faults.find(({ fault }) => fault === hit.fault);
}

function byTime(view: RunView, { startMs, endMs }: CallView): FaultView | undefined {
  return view.faults.findLast(({ target, intendedMs, undoneMs, result }) => {
    if (result === "refused") return false;
    // It bites while it is being applied: a service that was told to stop fails calls before it is gone.
    const wasInForce = intendedMs <= endMs && (undoneMs ?? Infinity) + AFTERMATH_MS >= startMs;
    return wasInForce && leadsToServer(view, target);
  });
}

/** Whether a service, or the link to it, serves tools: what else is broken does not fail a call upstream. */
function leadsToServer(view: RunView, target: string): boolean {
  const services = view.started?.services ?? [];
  const callee = target.split("->").at(-1);
  return services.some(({ name, role }) => name === callee && (role === "mcp-server" || role === "fault-proxy"));
}
