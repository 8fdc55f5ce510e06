/** The tables that the gateway keeps. Made at every start, which changes nothing when they are there. */
import type { Pool } from "pg";
import { inTransaction } from "./database.ts";

/** Any number will do, as long as all gateways take the same: two that start together must not make a table twice. */
const schemaLock = 7_241_903;

const statements = [
  `CREATE TABLE IF NOT EXISTS audit_log (
     id bigserial PRIMARY KEY,
     session_id text NOT NULL,
     turn_id text NOT NULL,
     tool_name text NOT NULL,
     arguments jsonb,
     decision text NOT NULL,
     reason text,
     decided_at timestamptz NOT NULL,
     backend text,
     trace_id text,
     span_id text,
     duration_ms double precision,
     call_id uuid NOT NULL,
     written_at timestamptz NOT NULL DEFAULT now(),
     UNIQUE (call_id, decision)
   )`,
  `CREATE TABLE IF NOT EXISTS approvals (
     id uuid PRIMARY KEY,
     call_id uuid NOT NULL,
     session_id text NOT NULL,
     turn_id text NOT NULL,
     tool_name text NOT NULL,
     arguments jsonb,
     digest text NOT NULL,
     status text NOT NULL CHECK (status IN ('pending', 'approved', 'denied', 'expired')),
     reason text,
     requested_at timestamptz NOT NULL,
     expires_at timestamptz,
     decided_at timestamptz,
     decided_by text,
     slack_channel text,
     slack_ts text
   )`,
  "CREATE INDEX IF NOT EXISTS approvals_pending ON approvals (requested_at) WHERE status = 'pending'",
  `CREATE OR REPLACE FUNCTION notify_audit_log() RETURNS trigger LANGUAGE plpgsql AS $$
   BEGIN
     PERFORM pg_notify('audit_log', NEW.id::text);
     RETURN NULL;
   END
   $$`,
  `CREATE OR REPLACE TRIGGER audit_log_notify AFTER INSERT ON audit_log
   FOR EACH ROW EXECUTE FUNCTION notify_audit_log()`,
];

export async function prepareSchema(pool: Pool): Promise<void> {
  await inTransaction(pool, async (client) => {
    await client.query("SELECT pg_advisory_xact_lock($1)", [schemaLock]);
    for (const statement of statements) await client.query(statement);
  });
}
