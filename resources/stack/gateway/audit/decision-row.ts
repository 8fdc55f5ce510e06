/** A decision as one line of JSON: what the spool keeps on disk and what the database is sent. */
import type { AuditEntry } from "./entry.ts";
import { storableText } from "./storable.ts";

/** An array in the order of the insert's columns. The arguments are JSON inside JSON. Without a line break. */
export function decisionRowText(entry: AuditEntry): string {
  return JSON.stringify([
    entry.callId,
    storableText(entry.sessionId),
    storableText(entry.turnId),
    storableText(entry.tool),
    entry.arguments,
    entry.decision,
    storableText(entry.reason),
    entry.decidedAt.getTime(),
    entry.backend ?? null,
    entry.traceId,
    entry.spanId,
    entry.durationMs,
  ]);
}
