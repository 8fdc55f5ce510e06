import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { freePort } from "../../resources/stack/http/testing/free-port.ts";
import { lastingFolder } from "./lasting-folder.ts";

const PROGRAM = join(import.meta.dirname, "..", "..", "resources", "stack", "build", "audit-db.mjs");

/** As created by the reference stack's gateway. */
export const AUDIT_TABLE = `CREATE TABLE audit_log (
  id bigserial PRIMARY KEY, session_id text NOT NULL, turn_id text NOT NULL, tool_name text NOT NULL, arguments jsonb,
  decision text NOT NULL, reason text, decided_at timestamptz NOT NULL, backend text, trace_id text, span_id text,
  duration_ms double precision, call_id uuid NOT NULL DEFAULT gen_random_uuid())`;

/** As created by the reference stack's gateway. */
export const CALLS_TABLE = `CREATE TABLE calls (
  id bigserial PRIMARY KEY, call_id uuid NOT NULL UNIQUE, session_id text NOT NULL, turn_id text NOT NULL,
  tool_name text NOT NULL, backend text, started_at timestamptz NOT NULL, ended_at timestamptz NOT NULL,
  outcome text NOT NULL, attempts integer NOT NULL, request_bytes bigint NOT NULL, reply_bytes bigint NOT NULL,
  error text, trace_id text, span_id text, written_at timestamptz NOT NULL DEFAULT now())`;

/** A real PostgreSQL, the reference stack's, for the tests of a file; the caller stops it. */
export async function startPostgres() {
  const folder = join(lastingFolder(), "postgres");
  const port = await freePort();
  const url = `postgres://lab:lab@127.0.0.1:${port}/audit`;
  let server: ChildProcess | undefined;
  // One connection for all: each new one is a process of the server and a password to be proven.
  let connection: Promise<pg.Client> | undefined;
  const connect = async () => {
    const client = new pg.Client({ connectionString: url });
    const forget = () => {
      connection = undefined;
    };
    client.on("error", forget).on("end", forget);
    return client.connect().then(
      () => client,
      (error) => {
        forget();
        throw error;
      },
    );
  };
  const query = async <Row extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<Row[]> => {
    connection ??= connect();
    return (await (await connection).query<Row>(text, values)).rows;
  };
  const start = async () => {
    connection = undefined;
    const { PATH, NODE_COMPILE_CACHE } = process.env;
    const account = { POSTGRES_USER: "lab", POSTGRES_PASSWORD: "lab", POSTGRES_DB: "audit" };
    const environment = { PATH, NODE_COMPILE_CACHE, PORT: String(port), DATA_FOLDER: folder, ...account };
    server = spawn(process.execPath, [PROGRAM], { env: environment, stdio: "ignore" });
    while (!(await query("SELECT 1").catch(() => undefined))) {
      if (server.exitCode !== null) throw new Error(`PostgreSQL ended with ${server.exitCode}`);
      // Without a pause these attempts take more of the processor than the server that they wait for.
      await delay(20);
    }
  };
  const end = async (signal: NodeJS.Signals) => {
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return;
    const gone = once(server, "exit");
    server.kill(signal);
    await gone;
  };
  await start();
  return {
    url,
    query,
    start,
    /** An immediate shutdown, without waiting for clients. */
    stop: () => end("SIGQUIT"),
    /** All its processes at once, as when the machine fails. */
    async kill() {
      const ended = childrenOf(server?.pid);
      await end("SIGKILL");
      for (const pid of ended) kill(pid);
    },
    async close() {
      await end("SIGQUIT");
      rmSync(folder, { recursive: true, force: true });
    },
    /** A row of the audit log; omitted columns have defaults. */
    async insert({ tool = "a_tool", decision = "allow", session = "s" } = {}) {
      const text = `INSERT INTO audit_log (session_id, turn_id, tool_name, decision, decided_at)
        VALUES ($1, 't', $2, $3, now())`;
      await query(text, [session, tool, decision]);
    },
    /** A row of the gateway's calls, with every nullable column null. */
    /** @param more values of further columns; in one statement, since a reader may look at any moment */
    async insertCall({ tool = "a_tool", outcome = "ok", startedMs = 0, endedMs = 0, ...more }: CallRow = {}) {
      const columns = Object.keys(more).map((name) => `, ${name}`);
      const values = columns.map((_, index) => `, $${index + 5}`);
      const text = `INSERT INTO calls (call_id, session_id, turn_id, tool_name, started_at, ended_at, outcome, attempts,
        request_bytes, reply_bytes${columns.join("")})
        VALUES (gen_random_uuid(), 's', 't', $1, to_timestamp($2), to_timestamp($3), $4, 1, 10, 5000000000${values.join("")})`;
      await query(text, [tool, startedMs / 1000, endedMs / 1000, outcome, ...Object.values(more)]);
    },
  };
}

interface CallRow {
  tool?: string;
  outcome?: string;
  startedMs?: number;
  endedMs?: number;
  backend?: string;
  error?: string;
  trace_id?: string;
}

export type TestPostgres = Awaited<ReturnType<typeof startPostgres>>;

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended already.
  }
}

function childrenOf(parent: number | undefined): number[] {
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => pid > 0 && parentOf(pid) === parent);
}

/** Undefined for a process that has ended. */
function parentOf(pid: number): number | undefined {
  try {
    return Number(readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ")[1]);
  } catch {
    return undefined;
  }
}
