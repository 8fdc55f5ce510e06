import type { RunView } from "../run-view.ts";
import { type CallEnding, endedCall } from "./call-ending.ts";

const REFUSED: ReadonlySet<CallEnding> = new Set(["denied", "turned down", "expired", "over budget"]);

/** How many calls the policy, a person, the budget or an open circuit refused: what protects a stack is no failure of it. */
export function refusedCalls(view: RunView): number {
  return view.calls.filter((call) => {
    const { ending, wasRefusedByCircuit } = endedCall(view, call);
    return REFUSED.has(ending) || (wasRefusedByCircuit && call.status === "upstream_error");
  }).length;
}
