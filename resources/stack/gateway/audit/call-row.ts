/** The end of a call, as a row of `calls` and as one line of JSON. */
import { storableText } from "./storable.ts";

/**
 * `tool_error`: the backend answered with an error, the tool's own or JSON-RPC's. `refused`: the gateway did not execute
 * it. `cancelled`: no caller waits for the result. `busy`: another turn, or too many calls, occupied the session.
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
  /** As sent by the caller; empty if the call names none. */
  tool: string;
  /** Undefined if no backend offers the tool, or none was looked up. */
  backend: string | undefined;
  /** Milliseconds since the epoch: wall clock at the start, plus the monotonic duration for the end. */
  startedMs: number;
  endedMs: number;
  outcome: CallOutcome;
  /** How many times the call was sent to the backend. */
  attempts: number;
  /** Sizes of the caller's message and of the response; 0 without one. */
  requestBytes: number;
  replyBytes: number;
  /** Why it failed. */
  error: string | undefined;
  traceId: string;
  spanId: string;
}

/** Limit for texts from callers and backends, in characters. */
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
