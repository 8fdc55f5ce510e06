/** A request to a person to approve one call with exactly these arguments. */
type Outcome = "approved" | "denied" | "expired";
export type TicketStatus = "pending" | Outcome;

export interface Ticket {
  id: string;
  callId: string;
  sessionId: string;
  turnId: string;
  tool: string;
  arguments: unknown;
  digest: string;
  requestedAt: Date;
  /** Absent if the ticket does not expire. */
  expiresAt: Date | undefined;
}

export interface Settlement {
  status: Outcome;
  /** Who clicked; absent without a click. */
  by: string | undefined;
  reason: string;
}
