/** An answered call, as the gateway's history keeps it. */
export interface PastCall {
  callId: string;
  tool: string;
  /** The final decision. */
  decision: string;
  durationMs: number;
  endedAt: Date;
}
