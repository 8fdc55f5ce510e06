/**
 * Tickets of an earlier gateway process. Its callers are disconnected, so pending tickets expire. A ticket is settled in
 * the database before its audit row is written; if the process was killed in between, the row is written here.
 */
import type { Pool } from "pg";
import { inTransaction } from "../audit/database.ts";
import type { Ticket } from "./ticket.ts";

export const orphanReason = "gateway restarted while waiting";

export interface OrphanedTicket extends Pick<Ticket, "id" | "tool" | "sessionId" | "arguments" | "digest"> {
  channel: string | undefined;
  messageTimestamp: string | undefined;
}

interface OrphanedRow {
  id: string;
  tool_name: string;
  session_id: string;
  arguments: unknown;
  digest: string;
  slack_channel: string | null;
  slack_ts: string | null;
}

/** Returns the tickets that were still pending, so that their messages can be updated. */
export function expireOrphanedTickets(pool: Pool): Promise<OrphanedTicket[]> {
  return inTransaction(pool, async (client) => {
    const { rows } = await client.query<OrphanedRow>(
      `UPDATE approvals SET status = 'expired', decided_at = now(), reason = $1 WHERE status = 'pending'
       RETURNING id, tool_name, session_id, arguments, digest, slack_channel, slack_ts`,
      [orphanReason],
    );
    await client.query(missingAnswers);
    return rows.map((row) => ({
      id: row.id,
      tool: row.tool_name,
      sessionId: row.session_id,
      arguments: row.arguments,
      digest: row.digest,
      channel: row.slack_channel ?? undefined,
      messageTimestamp: row.slack_ts ?? undefined,
    }));
  });
}

/**
 * Ends the calls whose process was killed after the row that asks for an approval, and before the ticket for it. Needs the
 * table of calls with all rows of that process: a call with an end there was not killed.
 * @param before when this process started to ask
 */
export async function expireUnheldCalls(pool: Pool, before: Date): Promise<void> {
  await pool.query(missingTickets, [orphanReason, before]);
}

const missingAnswers = `
  INSERT INTO audit_log (session_id, turn_id, tool_name, arguments, decision, reason, decided_at, call_id, duration_ms)
  SELECT session_id, turn_id, tool_name, arguments, status, reason, decided_at, call_id,
    extract(epoch FROM decided_at - requested_at) * 1000
  FROM approvals
  WHERE status <> 'pending' AND NOT EXISTS (
    SELECT FROM audit_log row
    WHERE row.call_id = approvals.call_id AND row.decision IN ('approved', 'denied', 'expired'))
  ORDER BY decided_at
  ON CONFLICT (call_id, decision) DO NOTHING`;

const missingTickets = `
  INSERT INTO audit_log (session_id, turn_id, tool_name, arguments, decision, reason, decided_at, call_id, duration_ms)
  SELECT session_id, turn_id, tool_name, arguments, 'expired', $1, now(), call_id,
    extract(epoch FROM now() - decided_at) * 1000
  FROM audit_log asked
  WHERE decision = 'approvalRequired' AND decided_at < $2
    AND NOT EXISTS (SELECT FROM approvals WHERE approvals.call_id = asked.call_id)
    AND NOT EXISTS (SELECT FROM calls WHERE calls.call_id = asked.call_id)
    AND NOT EXISTS (SELECT FROM audit_log row WHERE row.call_id = asked.call_id AND row.decision <> 'approvalRequired')
  ORDER BY decided_at
  ON CONFLICT (call_id, decision) DO NOTHING`;
