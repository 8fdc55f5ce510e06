import { z } from "zod";
import { CALL_OUTCOMES, type CallOutcome } from "../../model/lab-event.ts";
import { rowText } from "./row-text.ts";
import type { FollowedTable } from "./table-reader.ts";

/** A row of the gateway's `calls`: how a call ended. Times are milliseconds since the epoch, by the gateway's clock. */
export interface CallEnd {
  callId: string;
  sessionId: string;
  turnId: string;
  tool: string;
  backend: string;
  startedWallMs: number;
  endedWallMs: number;
  outcome: CallOutcome;
  attempts: number;
  requestBytes: number;
  replyBytes: number;
  error?: string;
  traceId: string;
  spanId: string;
}

const callRow = z
  .object({
    call_id: z.string(),
    session_id: rowText,
    turn_id: rowText,
    tool_name: rowText,
    backend: rowText,
    started_ms: z.number(),
    ended_ms: z.number(),
    outcome: z.enum(CALL_OUTCOMES, { error: ({ input }) => `unknown outcome: ${JSON.stringify(input)}` }),
    attempts: z.int(),
    request_bytes: z.int(),
    reply_bytes: z.int(),
    error: z.string().nullish(),
    trace_id: rowText,
    span_id: rowText,
  })
  .transform(
    ({ error, ...value }): CallEnd => ({
      callId: value.call_id,
      sessionId: value.session_id,
      turnId: value.turn_id,
      tool: value.tool_name,
      backend: value.backend,
      startedWallMs: value.started_ms,
      endedWallMs: value.ended_ms,
      outcome: value.outcome,
      attempts: value.attempts,
      requestBytes: value.request_bytes,
      replyBytes: value.reply_bytes,
      ...(error === null || error === undefined ? {} : { error }),
      traceId: value.trace_id,
      spanId: value.span_id,
    }),
  );

export const CALLS: FollowedTable<CallEnd> = {
  from: "calls",
  order: "calls.id",
  channel: "calls",
  called: "the table of calls",
  rowCalled: "call record",
  columns: `id::text, call_id::text, session_id, turn_id, tool_name, backend,
    (extract(epoch FROM started_at) * 1000)::float8 AS started_ms,
    (extract(epoch FROM ended_at) * 1000)::float8 AS ended_ms, outcome, attempts, request_bytes::float8 AS request_bytes,
    reply_bytes::float8 AS reply_bytes, error, trace_id, span_id`,
  row: callRow,
};
