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

/** Of a run whose project someone removes meanwhile. */
export function endingWithout(project: string): Ending {
  return { outcome: "error", reason: `${project} was removed during the run: none of its containers exists` };
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
