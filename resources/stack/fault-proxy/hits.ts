/** A toxic's effect on a request. */
export interface Hit {
  /** Milliseconds since the epoch. */
  at: number;
  link: string;
  toxic: string;
  type: string;
  /** Number of the link's connection, from 1. */
  connection: number;
  method?: string;
  tool?: string;
  jsonrpcId?: string | number;
  sessionId?: string;
  traceparent?: string;
  /** The effect, as text. */
  effect: string;
}
