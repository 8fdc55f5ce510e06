/** The connection to Postgres, with bounded waits: a database that hangs fails like one that is down. */
import pg, { type Pool, type PoolClient } from "pg";

const connectTimeoutMs = 2_000;
const queryTimeoutMs = 5_000;
const connections = 4;

export function openPool(databaseUrl: string, log: (line: string) => void): Pool {
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    max: connections,
    connectionTimeoutMillis: connectTimeoutMs,
    query_timeout: queryTimeoutMs,
    keepAlive: true,
    application_name: "resilience-lab-gateway",
  });
  // For idle connections that the database closes; without a listener the process would end.
  pool.on("error", (error) => log(`database connection lost: ${error.message}`));
  return pool;
}

export async function inTransaction<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  // A connection that breaks between two queries emits the error here; the next query fails with it.
  client.on("error", ignore);
  try {
    await client.query("BEGIN");
    const result = await work(client);
    await client.query("COMMIT");
    client.off("error", ignore);
    client.release();
    return result;
  } catch (error) {
    client.off("error", ignore);
    client.release(error instanceof Error ? error : true);
    throw error;
  }
}

function ignore(): void {}

/** Explains to the operator why the database cannot be reached or prepared. Never contains the password. */
export function explainDatabaseFailure(error: unknown, databaseUrl: string): string {
  const { host, pathname, username } = new URL(databaseUrl);
  const { code, message } = error as NodeJS.ErrnoException;
  const [seen, hint] = causes[code ?? ""] ?? [message || String(code), "Check DATABASE_URL and the database's log"];
  return `${host}${pathname}: ${seen.replace("{user}", username)}. ${hint}.`;
}

/** Whether the database is reachable and refuses this gateway, which a retry cannot change. */
export function isMisconfigured(error: unknown): boolean {
  return ["28P01", "28000", "3D000", "42501"].includes((error as NodeJS.ErrnoException).code ?? "");
}

const startIt = "Start the database, or correct DATABASE_URL";
const causes: Readonly<Record<string, readonly [seen: string, hint: string]>> = {
  ECONNREFUSED: ["connection refused", startIt],
  ENOTFOUND: ["the host name does not resolve", "Correct the host in DATABASE_URL"],
  ETIMEDOUT: ["no answer", startIt],
  "28P01": ["it refuses the password of user {user}", "Correct the user and password in DATABASE_URL"],
  "28000": ["it refuses user {user}", "Correct the user in DATABASE_URL, or allow it in pg_hba.conf"],
  "3D000": ["there is no such database", "Create it, or correct the database's name in DATABASE_URL"],
  "42501": ["user {user} may not create tables", "Grant CREATE on schema public to that user"],
  "57P03": ["it is still starting", "Wait until it accepts connections"],
};
