/** A decision as one line of JSON, as stored in the spool and sent to the database. */
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
