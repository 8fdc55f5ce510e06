import type { Decision } from "./lab-event.ts";

/** The decisions that end a call's wait for a person. */
export const APPROVAL_RESULTS = ["approved", "denied", "expired"] as const satisfies readonly Decision[];
export type ApprovalResult = (typeof APPROVAL_RESULTS)[number];

export function isApprovalResult(decision: Decision): decision is ApprovalResult {
  return (APPROVAL_RESULTS as readonly Decision[]).includes(decision);
}
