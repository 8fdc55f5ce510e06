/** A question to a person: may this call, with exactly these arguments, be executed? */
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
  /** Absent when the ticket does not run out by itself. */
  expiresAt: Date | undefined;
}

export interface Settlement {
  status: Outcome;
  /** Who clicked; absent when nobody did. */
  by: string | undefined;
  reason: string;
}
