import type { RunView } from "./run-view.ts";
import { overlaps, type Span } from "./span.ts";

/** How long after its undo a fault can still cause a failed call: connections take a moment to recover. */
const AFTERMATH_MS = 1_000;

export interface Explanation {
  call: Span<"call">;
  /** The fault that caused the failure; undefined when there is none. */
  fault: Span<"fault"> | undefined;
}

/**
 * For each call that failed upstream, the fault that caused it: the one that its request met, else one that was in force
 * on the path to a server between the call's start and its failure.
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
    if (fault.status === "refused" || fault.attributes.kind === "observe") return false;
    const effective = { startMs: fault.startMs, endMs: fault.endMs + AFTERMATH_MS };
    return overlaps(effective, fromMs, failedMs) && leadsToServer(view, fault.attributes.target);
  });
}

/** Whether the target is a tool server or a link to one: other faults do not cause an upstream failure. */
function leadsToServer(view: RunView, target: string): boolean {
  const services = view.started?.services ?? [];
  const callee = target.split("->").at(-1);
  return services.some(({ name, role }) => name === callee && (role === "mcp-server" || role === "fault-proxy"));
}
