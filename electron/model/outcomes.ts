/**
 * How a run ended. Only `passed` is green. `inconclusive`: no check failed, but one could not observe its subject.
 * `precondition`: the steady state was not met before the method, so nothing was broken. `residue`: a fault could not be
 * verified as undone. `interrupted`: the lab was killed during the run. Apart from the events, whose schemas the first
 * frame of the page must not load.
 */
export const OUTCOMES = [
  "passed",
  "failed",
  "inconclusive",
  "precondition",
  "residue",
  "cancelled",
  "interrupted",
  "error",
] as const;
export type Outcome = (typeof OUTCOMES)[number];
