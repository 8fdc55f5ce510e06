import pg from "pg";
import { LabError, messageOf } from "../../lab-error.ts";
import type { StoreLocation } from "../history-threads.ts";
import { describeLocation } from "../store-location.ts";

export type PostgresLocation = StoreLocation & { kind: "postgres" };

const CONNECT_LIMIT_MS = 10_000;
/** Of one statement: a database that does not answer is an error, not a wait without end. */
const ANSWER_LIMIT_MS = 60_000;
const BIGINT = 20;

/** Numbers of the lab fit into a JavaScript number; pg itself gives strings. */
const types: pg.CustomTypesConfig = {
  getTypeParser: (id, format) =>
    (id as number) === BIGINT ? (value: string) => Number(value) : pg.types.getTypeParser(id, format as "text"),
};

/** Connections to a database, in which the lab's schema is the search path. A lost connection is replaced at the next query. */
export function openPool({ url, schema }: PostgresLocation, max: number): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max,
    types,
    application_name: "resilience-lab",
    connectionTimeoutMillis: CONNECT_LIMIT_MS,
    query_timeout: ANSWER_LIMIT_MS,
    keepAlive: true,
    allowExitOnIdle: true,
    // Awaited by the pool before the connection is given to anyone.
    onConnect: async (client) => void (await client.query(`SET search_path TO "${schema}"`)),
  });
  // Without a listener the loss of an idle connection would end the process.
  pool.on("error", () => {});
  // The pool listens to idle ones alone: one that is lost between two statements of a transaction would do the same.
  pool.on("connect", (client) => void client.on("error", () => {}));
  return pool;
}

/** Carries out statements in one transaction on one connection. */
export async function inTransaction<Value>(
  pool: pg.Pool,
  use: (client: pg.PoolClient) => Promise<Value>,
): Promise<Value> {
  const client = await pool.connect();
  let failed: Error | undefined;
  try {
    await client.query("BEGIN");
    const value = await use(client);
    await client.query("COMMIT");
    return value;
  } catch (error) {
    await client.query("ROLLBACK").catch((lost: Error) => {
      failed = lost;
    });
    throw error;
  } finally {
    client.release(failed);
  }
}

const DISK_FULL = "53100";
/** Classes of SQLSTATE: connection, authorisation, no such database, too many connections, shutdown. */
const UNREACHABLE = /^(08|28|3D|53300|57P)/;

/** An error of the database or of the way to it as a LabError; other errors unchanged. */
export function explainPostgresError(error: unknown, location: PostgresLocation): unknown {
  if (!(error instanceof Error) || !isOfDatabase(error)) return error;
  const at = describeLocation(location);
  if (!(error instanceof pg.DatabaseError) || UNREACHABLE.test(error.code ?? "")) {
    return new LabError("unreachable", `the database ${at} cannot be reached: ${messageOf(error)}`, {
      hint: "check that it runs, and RESILIENCE_LAB_DATABASE_URL",
      cause: error,
    });
  }
  return new LabError("internal", `the run history in ${at} cannot be used: ${error.message}`, {
    hint:
      error.code === DISK_FULL
        ? "make space on the disk of the database"
        : "see `resilience-lab database status`, and the log of the database",
    cause: error,
  });
}

/** Errors of the connection have a code of the system, or only a message. */
function isOfDatabase(error: Error): boolean {
  return error instanceof pg.DatabaseError || "syscall" in error || /connection|timeout/i.test(error.message);
}
