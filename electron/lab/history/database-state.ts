import type { StoreLocation } from "./history-threads.ts";

export interface DatabaseState {
  /** Version of the lab's schema; 0 before the first migration. */
  version: number;
  /** The version that this lab writes. */
  known: number;
}

type Postgres = StoreLocation & { kind: "postgres" };

/** Changes nothing. @throws LabError `unreachable` when the database cannot be reached */
export function readDatabaseState(location: Postgres): Promise<DatabaseState> {
  return withPool(location, false);
}

/** Migrates the lab's schema, as each start does. @throws LabError when it cannot be migrated */
export function migrateDatabase(location: Postgres): Promise<DatabaseState> {
  return withPool(location, true);
}

async function withPool(location: Postgres, migrates: boolean): Promise<DatabaseState> {
  const { explainPostgresError, openPool } = await import("./postgres/connections.ts");
  const { migrate, schemaVersion } = await import("./postgres/migrate.ts");
  const { POSTGRES_MIGRATIONS } = await import("./postgres/migrations.ts");
  const pool = openPool(location, 1);
  try {
    if (migrates) await migrate(pool, location);
    return { version: await schemaVersion(pool), known: POSTGRES_MIGRATIONS.length };
  } catch (error) {
    throw explainPostgresError(error, location);
  } finally {
    await pool.end();
  }
}
