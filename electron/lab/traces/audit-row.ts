import { z } from "zod";
import { DECISIONS } from "../../model/lab-event.ts";
import { rowText } from "./row-text.ts";
import type { FollowedTable } from "./table-reader.ts";

/** A row of the gateway's audit log, in the log's own order. */
export interface AuditRow {
  rowId: string;
  callId: string;
  sessionId: string;
  turnId: string;
  tool: string;
  arguments: unknown;
  decision: (typeof DECISIONS)[number];
  reason: string;
  backend: string;
  decidedWallMs: number;
  durationMs: number;
  traceId: string;
  spanId: string;
}

export const auditRow = z
  .object({
    id: z.string(),
    call_id: rowText,
    session_id: rowText,
    turn_id: rowText,
    tool_name: rowText,
    arguments: z.unknown(),
    decision: z.enum(DECISIONS, { error: ({ input }) => `unknown decision: ${JSON.stringify(input)}` }),
    reason: rowText,
    backend: rowText,
    decided_at: z.date(),
    duration_ms: z.number().nullish(),
    trace_id: rowText,
    span_id: rowText,
  })
  .transform(
    (value): AuditRow => ({
      rowId: value.id,
      callId: value.call_id || value.id,
      sessionId: value.session_id,
      turnId: value.turn_id,
      tool: value.tool_name,
      arguments: value.arguments,
      decision: value.decision,
      reason: value.reason,
      backend: value.backend,
      decidedWallMs: value.decided_at.getTime(),
      durationMs: value.duration_ms ?? 0,
      traceId: value.trace_id,
      spanId: value.span_id,
    }),
  );

/** The columns that {@link auditRow} reads. */
const AUDIT_COLUMNS = `id::text, call_id::text, session_id, turn_id, tool_name, arguments, decision, reason,
  backend, decided_at, duration_ms, trace_id, span_id`;

export const AUDIT_LOG: FollowedTable<AuditRow> = {
  from: "audit_log",
  order: "audit_log.id",
  channel: "audit_log",
  called: "the audit log",
  rowCalled: "audit row",
  columns: AUDIT_COLUMNS,
  row: auditRow,
};
