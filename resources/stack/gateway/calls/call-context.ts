import type { Caller } from "../sessions/exchange.ts";
import type { Session } from "../sessions/session.ts";

/** The context in which a request arrived. */
export interface CallContext {
  session: Session;
  turnId: string | undefined;
  traceparent: string | undefined;
  baggage: string | undefined;
  caller: Caller;
  /** By performance.now(). */
  arrivedAtMs: number;
  /** Size of the request's own message. */
  requestBytes: number;
}
