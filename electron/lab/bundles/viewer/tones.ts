import type { Decision, Outcome } from "../../../model/lab-event.ts";

/** A colour by its meaning; the style sheet has a light and a dark one for each. */
export type Tone = "good" | "bad" | "wait" | "limit" | "changed" | "idle" | "fault";

export const DECISION_TONES: Record<Decision, Tone> = {
  allow: "good",
  approved: "good",
  redact: "changed",
  approvalRequired: "wait",
  expired: "idle",
  deny: "bad",
  denied: "bad",
  upstream_error: "bad",
  budgetExceeded: "limit",
};

export const OUTCOME_TONES: Record<Outcome, Tone> = {
  passed: "good",
  failed: "bad",
  residue: "bad",
  error: "bad",
  inconclusive: "limit",
  precondition: "limit",
  cancelled: "idle",
  interrupted: "idle",
};
