import type { Caller } from "../sessions/exchange.ts";
import type { Session } from "../sessions/session.ts";

/** What carried a request here. */
export interface CallContext {
  session: Session;
  turnId: string | undefined;
  traceparent: string | undefined;
  caller: Caller;
  /** By performance.now(). */
  arrivedAtMs: number;
  /** Of the request's own message. */
  requestBytes: number;
}
