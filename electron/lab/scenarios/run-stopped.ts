import type { Outcome } from "../events/lab-event.ts";

/** How a run ends, and why in words. */
export interface Ending {
  outcome: Outcome;
  reason: string;
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
