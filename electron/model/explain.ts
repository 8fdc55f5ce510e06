import type { RunView } from "./run-view.ts";
import { overlaps, type Span } from "./span.ts";

/** How long after a fault was undone it can still be what a call failed of: connections take a moment to recover. */
const AFTERMATH_MS = 1_000;

export interface Explanation {
  call: Span<"call">;
  /** The fault that the call failed of; undefined when none was in its way. */
  fault: Span<"fault"> | undefined;
}

/**
 * For each call that failed upstream, the fault that hit it: the one that its request met, else one that was in force on
 * the way to a server while the call was under way, until it failed.
 */
export function explainFailures(view: RunView): Explanation[] {
  return view.calls.flatMap((call) => {
    const failure = call.attributes.decisions.findLast(({ event }) => event.decision === "upstream_error");
    if (failure === undefined) return [];
    return { call, fault: faultMet(view, call) ?? faultMeanwhile(view, call.startMs, failure.atMs) };
  });
}

function faultMet(view: RunView, { links }: Span<"call">): Span<"fault"> | undefined {
  return view.faults.find(({ id }) => id === links[0]);
}

function faultMeanwhile(view: RunView, fromMs: number, failedMs: number): Span<"fault"> | undefined {
  return view.faults.findLast((fault) => {
    if (fault.status === "refused") return false;
    const bites = { startMs: fault.startMs, endMs: fault.endMs + AFTERMATH_MS };
    return overlaps(bites, fromMs, failedMs) && leadsToServer(view, fault.attributes.target);
  });
}

/** Whether a service, or the link to it, serves tools: what else is broken does not fail a call upstream. */
function leadsToServer(view: RunView, target: string): boolean {
  const services = view.started?.services ?? [];
  const callee = target.split("->").at(-1);
  return services.some(({ name, role }) => name === callee && (role === "mcp-server" || role === "fault-proxy"));
}
