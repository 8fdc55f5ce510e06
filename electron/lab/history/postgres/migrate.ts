import type { Pool, PoolClient } from "pg";
import { describeLocation } from "../store-location.ts";
import { inTransaction, type PostgresLocation } from "./connections.ts";
import { POSTGRES_MIGRATIONS } from "./migrations.ts";

const LOCK_LIMIT = "60s";

/** Version of the lab's schema; 0 when it does not exist yet. */
export async function schemaVersion(database: Pool | PoolClient): Promise<number> {
  const { rows } = await database.query<{ known: string | null }>("SELECT to_regclass('migrations') AS known");
  if (rows[0]?.known == null) return 0;
  const { rows: newest } = await database.query<{ version: number }>(
    "SELECT coalesce(max(version), 0) AS version FROM migrations",
  );
  return newest[0]?.version ?? 0;
}

/**
 * Brings the lab's schema to this version. Labs that start at the same time wait for each other: an advisory lock.
 * @returns why the schema can only be read: it is of a newer version
 */
export async function migrate(pool: Pool, location: PostgresLocation): Promise<string | undefined> {
  const version = await schemaVersion(pool);
  const known = POSTGRES_MIGRATIONS.length;
  if (version > known) {
    return `the run history in ${describeLocation(location)} was written by a newer Resilience Lab (format ${version}, this one knows ${known})`;
  }
  if (version < known) await inTransaction(pool, (client) => migrateLocked(client, location.schema));
  return undefined;
}

async function migrateLocked(client: PoolClient, schema: string): Promise<void> {
  await client.query(`SET LOCAL lock_timeout = '${LOCK_LIMIT}'`);
  await client.query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", [
    `resilience-lab migrations of ${schema}`,
  ]);
  // Not attempted for nothing: a role that may use the schema may not be allowed to create one.
  const { rowCount } = await client.query("SELECT 1 FROM pg_namespace WHERE nspname = $1", [schema]);
  if (rowCount === 0) await client.query(`CREATE SCHEMA "${schema}"`);
  await client.query(
    "CREATE TABLE IF NOT EXISTS migrations (version integer PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())",
  );
  const version = await schemaVersion(client);
  for (const [index, sql] of POSTGRES_MIGRATIONS.entries()) {
    if (index < version) continue;
    await client.query(sql);
    await client.query("INSERT INTO migrations (version) VALUES ($1)", [index + 1]);
  }
}
