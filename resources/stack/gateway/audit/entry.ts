/** One decision of the gateway on one call, as a row of audit_log. */
export type Decision =
  | "allow"
  | "deny"
  | "redact"
  | "approvalRequired"
  | "approved"
  | "denied"
  | "expired"
  | "budgetExceeded"
  | "upstream_error";

export interface AuditEntry {
  callId: string;
  sessionId: string;
  turnId: string;
  tool: string;
  /** JSON text that Postgres can store. */
  arguments: string;
  decision: Decision;
  reason: string;
  decidedAt: Date;
  backend: string | undefined;
  traceId: string;
  spanId: string;
  /** From the arrival of the call to this decision. */
  durationMs: number;
}
