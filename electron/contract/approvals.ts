import { z } from "zod";
import { APPROVAL_RESULTS } from "../model/lab-event.ts";

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
  /** Null when it does not run out by itself. */
  expiresWallMs: z.number().nullable(),
  /** Why it cannot be decided from here right now; null when it can. */
  blockedBecause: z.string().nullable(),
});
export type WaitingApproval = z.infer<typeof waitingApproval>;

export const waitingApprovals = z.object({
  waiting: z.array(waitingApproval),
  /** Why it is not known what waits, such as the tickets' database being down; null when it is. */
  unknownBecause: z.string().nullable(),
});
export type WaitingApprovals = z.infer<typeof waitingApprovals>;

export const approvalDecision = z.strictObject({
  ticket: z.string().min(1).max(100),
  decision: z.enum(["approve", "deny"]),
});
export const approvalAnswer = z.object({
  /** What the gateway answered to the signed click: also that someone else was first, and it changed nothing. */
  status: z.int(),
  message: z.string(),
});

export const approvalHistoryRequest = z.strictObject({
  limit: z.int().min(1).max(500).default(100),
  /** Those decided before this time. */
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
  /** Who or what decided, as the gateway wrote it. */
  reason: z.string(),
});
export type DecidedApproval = z.infer<typeof decidedApproval>;
export const approvalHistory = z.object({ decided: z.array(decidedApproval), hasMore: z.boolean() });
