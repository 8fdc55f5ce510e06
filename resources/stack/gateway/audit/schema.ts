/**
 * The gateway's tables. Created at every start if missing; a database of an earlier version is upgraded.
 */
import type { Pool } from "pg";
import { inTransaction } from "./database.ts";

/** Advisory lock id, the same in all gateways: two concurrent starts must not create a table twice. */
const schemaLock = 7_241_903;

const decisionStatements = [
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
  ...notifyOfRows("audit_log"),
  `CREATE OR REPLACE FUNCTION notify_approvals() RETURNS trigger LANGUAGE plpgsql AS $$
   BEGIN
     NOTIFY approvals;
     RETURN NULL;
   END
   $$`,
  `CREATE OR REPLACE TRIGGER approvals_notify AFTER INSERT OR UPDATE OR DELETE ON approvals
   FOR EACH STATEMENT EXECUTE FUNCTION notify_approvals()`,
];

const callStatements = [
  `CREATE TABLE IF NOT EXISTS calls (
     id bigserial PRIMARY KEY,
     call_id uuid NOT NULL UNIQUE,
     session_id text NOT NULL,
     turn_id text NOT NULL,
     tool_name text NOT NULL,
     backend text,
     started_at timestamptz NOT NULL,
     ended_at timestamptz NOT NULL,
     outcome text NOT NULL,
     attempts integer NOT NULL,
     request_bytes bigint NOT NULL,
     reply_bytes bigint NOT NULL,
     error text,
     trace_id text,
     span_id text,
     written_at timestamptz NOT NULL DEFAULT now()
   )`,
  ...notifyOfRows("calls"),
];

const changeStatements = [
  `CREATE TABLE IF NOT EXISTS backend_changes (
     id bigserial PRIMARY KEY,
     change_id uuid NOT NULL UNIQUE,
     backend text NOT NULL,
     what text NOT NULL,
     from_state text NOT NULL,
     to_state text NOT NULL,
     reason text NOT NULL,
     changed_at timestamptz NOT NULL,
     written_at timestamptz NOT NULL DEFAULT now()
   )`,
  ...notifyOfRows("backend_changes"),
];

/** Notifies the channel of the table's name with the id of each new row. */
function notifyOfRows(table: "audit_log" | "calls" | "backend_changes"): string[] {
  return [
    `CREATE OR REPLACE FUNCTION notify_${table}() RETURNS trigger LANGUAGE plpgsql AS $$
     BEGIN
       PERFORM pg_notify('${table}', NEW.id::text);
       RETURN NULL;
     END
     $$`,
    `CREATE OR REPLACE TRIGGER ${table}_notify AFTER INSERT ON ${table}
     FOR EACH ROW EXECUTE FUNCTION notify_${table}()`,
  ];
}

/** Tables that decisions and approvals do not need. */
const optionalTables = { calls: callStatements, backend_changes: changeStatements };

/**
 * Resolves to the optional tables that cannot be used, each with the reason: `calls: ...`.
 * @throws the database's error if it cannot be reached, or refuses the other tables
 */
export async function prepareSchema(pool: Pool): Promise<string[]> {
  await makeTables(pool, decisionStatements);
  const refused: string[] = [];
  for (const [table, statements] of Object.entries(optionalTables)) {
    try {
      await makeTables(pool, statements);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      refused.push(`${table}: the table cannot be used: ${error.message}`);
    }
  }
  return refused;
}

async function makeTables(pool: Pool, statements: readonly string[]): Promise<void> {
  await inTransaction(pool, async (client) => {
    await client.query("SELECT pg_advisory_xact_lock($1)", [schemaLock]);
    for (const statement of statements) await client.query(statement);
  });
}

/** SQLSTATE class 42: an existing table has a different definition, or may not be changed. */
function isRefusal(error: unknown): error is Error {
  return error instanceof Error && "code" in error && /^42...$/.test(String(error.code));
}
