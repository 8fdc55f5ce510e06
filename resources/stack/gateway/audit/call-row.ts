/** How a call ended, as a row of calls and as one line of JSON. */
import { storableText } from "./storable.ts";

/**
 * `tool_error`: the backend answered with an error, the tool's own or JSON-RPC's. `refused`: the gateway did not carry it
 * out. `cancelled`: nobody waits for the result any more. `busy`: another turn, or too many calls, held the session.
 */
export const callOutcomes = [
  "ok",
  "tool_error",
  "upstream_error",
  "refused",
  "cancelled",
  "busy",
  "unknown_tool",
] as const;
export type CallOutcome = (typeof callOutcomes)[number];

export interface CallEntry {
  callId: string;
  sessionId: string;
  turnId: string;
  /** As the caller wrote it; empty when the call names none. */
  tool: string;
  /** Undefined when no backend offers the tool, or none was looked for. */
  backend: string | undefined;
  /** Milliseconds since the epoch: the wall clock's at the start, and as much later as the call really took. */
  startedMs: number;
  endedMs: number;
  outcome: CallOutcome;
  /** How often the call was sent to the backend. */
  attempts: number;
  /** Of the caller's message and of the response to it; 0 when there was none. */
  requestBytes: number;
  replyBytes: number;
  /** Why it did not end well. */
  error: string | undefined;
  traceId: string;
  spanId: string;
}

/** Characters of a text that somebody else wrote. */
const toolLimit = 256;
const errorLimit = 1_000;

/** An array in the order of the insert's columns, without a line break. */
export function callRowText(entry: CallEntry): string {
  return JSON.stringify([
    entry.callId,
    storableText(entry.sessionId),
    storableText(entry.turnId),
    storableText(entry.tool.slice(0, toolLimit)),
    entry.backend ?? null,
    entry.startedMs,
    entry.endedMs,
    entry.outcome,
    entry.attempts,
    entry.requestBytes,
    entry.replyBytes,
    entry.error === undefined ? null : storableText(entry.error.slice(0, errorLimit)),
    entry.traceId,
    entry.spanId,
  ]);
}
