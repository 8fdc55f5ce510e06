/** One HTTP request on a link and its reply, as its caller sees them: what a fault changes is changed here, too. */
import type { Hit } from "../hits.ts";

export interface WireCall extends Pick<Hit, "method" | "tool" | "jsonrpcId" | "sessionId" | "traceparent"> {
  /** The same in each record of it: one is recorded when it ends, and before that one while it is open for long. */
  id: string;
  /** When its first byte came, in milliseconds since the epoch. All other times are milliseconds after it. */
  at: number;
  link: string;
  /** Number of the link's connection, from 1. */
  connection: number;
  /** Method and path without the query, such as `POST /mcp`. */
  http: string;
  /** Bytes of the bodies, without their framing. */
  requestBytes: number;
  replyBytes: number;
  status?: number;
  firstByteMs?: number;
  /** Absent while it is open. */
  endMs?: number;
  /** Events of its reply, if that is a stream. */
  events?: number;
  /** The JSON-RPC error that it was answered with. */
  rpcError?: { code: number; message: string };
  /** The result is a tool's own error. */
  isError?: true;
  /**
   * Its JSON-RPC call was not seen to be answered: `missing` in a reply that was read to its end, `unread` where the reply
   * could not be read or comes elsewhere.
   */
  answer?: "missing" | "unread";
  /** Why it ended without a whole reply. */
  cut?: string;
  /** Names of the toxics that it met. */
  toxics?: string[];
  /** The beginnings of the bodies, where a reader asked for them. */
  requestBody?: string;
  replyBody?: string;
}
