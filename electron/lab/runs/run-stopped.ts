import type { Outcome } from "../../model/lab-event.ts";

/** How a run ends, and why in words. */
export interface Ending {
  outcome: Outcome;
  reason: string;
}

/** Whether nothing is known to be wrong so far: what is found to be wrong later is then how the run ends. */
export function isOpen({ outcome }: Ending): boolean {
  return outcome === "passed" || outcome === "inconclusive";
}

/** Why a run ends other than green: thrown from within it, or the reason that its signal aborts with. */
export class RunStopped extends Error {
  readonly outcome: Outcome;

  constructor(outcome: Outcome, reason: string) {
    super(reason);
    this.name = "RunStopped";
    this.outcome = outcome;
  }
}
