import type { Outcome } from "../../electron/model/outcomes.ts";

const OUTCOMES_WITH_REASON: ReadonlySet<Outcome> = new Set(["failed", "inconclusive", "residue"]);

/** Whether the reason of a run says more than its headline: what was expected, beside what happened. */
export function hasMoreToSay(outcome: Outcome | null): boolean {
  return outcome !== null && OUTCOMES_WITH_REASON.has(outcome);
}
