import type { Pool, PoolClient, QueryResultRow } from "pg";
import type { QueueSql, SqlQuery } from "../queue-database.ts";
import { inTransaction, openPool, type PostgresLocation } from "./connections.ts";
import { openWakeUps, type WakeUps } from "./dispatch.ts";
import { migrate } from "./migrate.ts";

const CONNECTIONS = 4;

/** Migrates the lab's schema. @throws when the database cannot be reached */
export async function openQueueSql(location: PostgresLocation): Promise<QueueSql> {
  const pool = openPool(location, CONNECTIONS);
  let wakeUps: WakeUps;
  try {
    await migrate(pool, location);
    wakeUps = await openWakeUps(location, queryOn(pool));
  } catch (error) {
    await pool.end();
    throw error;
  }
  return {
    now: "(extract(epoch FROM clock_timestamp()) * 1000)::bigint",
    skipLocked: (table) => `FOR UPDATE OF ${table} SKIP LOCKED`,
    forUpdate: "FOR UPDATE",
    labelsWithin: (value) => `labels::jsonb <@ ${value}::jsonb`,
    query: queryOn(pool),
    transaction: (use) => inTransaction(pool, (client) => use(queryOn(client))),
    wakeUps,
    close: async () => {
      await wakeUps.close();
      await pool.end();
    },
  };
}

function queryOn(database: Pool | PoolClient): SqlQuery {
  return async <Row>(text: string, values: readonly unknown[]) =>
    (await database.query<QueryResultRow>(text, [...values])).rows as Row[];
}
