import { z } from "zod";
import { APPROVAL_RESULTS } from "../model/approval-result.ts";

/** A call that the gateway holds until a person decides. */
export const waitingApproval = z.object({
  /** The gateway's ticket: what a decision is for. */
  ticket: z.string(),
  callId: z.string(),
  tool: z.string(),
  arguments: z.unknown(),
  sessionId: z.string(),
  turnId: z.string(),
  /** The run in which it was asked for; null for a call from outside any run. */
  runId: z.string().nullable(),
  requestedWallMs: z.number(),
  /** Null when it does not expire. */
  expiresWallMs: z.number().nullable(),
  /** Why it cannot be decided in the lab now; null when it can. */
  blockedBecause: z.string().nullable(),
});
export type WaitingApproval = z.infer<typeof waitingApproval>;

export const waitingApprovals = z.object({
  waiting: z.array(waitingApproval),
  /** Why the waiting calls are unknown, such as the tickets' database being down; null when they are known. */
  unknownBecause: z.string().nullable(),
});
export type WaitingApprovals = z.infer<typeof waitingApprovals>;

export const approvalDecision = z.strictObject({
  ticket: z.string().min(1).max(100),
  decision: z.enum(["approve", "deny"]),
});
export const approvalAnswer = z.object({
  /** The gateway's answer to the signed click; it also reports that someone else decided first. */
  status: z.int(),
  message: z.string(),
});

export const approvalHistoryRequest = z.strictObject({
  limit: z.int().min(1).max(500).default(100),
  /** Only approvals decided before this time. */
  beforeWallMs: z.number().optional(),
});
export const decidedApproval = z.object({
  runId: z.string(),
  scenarioId: z.string(),
  scenarioTitle: z.string(),
  callId: z.string(),
  tool: z.string(),
  arguments: z.unknown(),
  sessionId: z.string(),
  requestedWallMs: z.number().nullable(),
  decidedWallMs: z.number(),
  result: z.enum(APPROVAL_RESULTS),
  /** Who or what decided, as recorded by the gateway. */
  reason: z.string(),
});
export type DecidedApproval = z.infer<typeof decidedApproval>;
export const approvalHistory = z.object({ decided: z.array(decidedApproval), hasMore: z.boolean() });
