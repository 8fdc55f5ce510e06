import type { Outcome } from "../../model/lab-event.ts";

/** How a run ends, and why. */
export interface Ending {
  outcome: Outcome;
  reason: string;
}

/** Whether no problem is known so far: one that is found later then becomes the outcome of the run. */
export function isOpen({ outcome }: Ending): boolean {
  return outcome === "passed" || outcome === "inconclusive";
}

/** Why a run does not pass: thrown from within it, or the reason of its signal. */
export class RunStopped extends Error {
  readonly outcome: Outcome;

  constructor(outcome: Outcome, reason: string) {
    super(reason);
    this.name = "RunStopped";
    this.outcome = outcome;
  }
}
