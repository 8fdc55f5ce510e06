import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { freePort } from "../../resources/stack/http/testing/free-port.ts";

const PROGRAM = join(import.meta.dirname, "..", "..", "resources", "stack", "build", "audit-db.mjs");

/** A PostgreSQL, the reference stack's, for a bench or a soak; the caller closes it. */
export async function startOwnPostgres(): Promise<{ url: string; close: () => Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), "lab-postgres-"));
  const port = await freePort();
  const url = `postgres://lab:lab@127.0.0.1:${port}/audit`;
  const account = { POSTGRES_USER: "lab", POSTGRES_PASSWORD: "lab", POSTGRES_DB: "audit" };
  const server = spawn(process.execPath, [PROGRAM], {
    env: { PATH: process.env.PATH, PORT: String(port), DATA_FOLDER: join(folder, "postgres"), ...account },
    stdio: "ignore",
  });
  await isUp(url, server);
  return {
    url,
    async close() {
      const gone = new Promise((resolve) => server.once("exit", resolve));
      server.kill("SIGQUIT");
      await gone;
      rmSync(folder, { recursive: true });
    },
  };
}

async function isUp(url: string, server: ChildProcess): Promise<void> {
  for (;;) {
    const client = new pg.Client({ connectionString: url });
    client.on("error", () => {});
    const isConnected = await client.connect().then(
      () => true,
      () => false,
    );
    await client.end().catch(() => {});
    if (isConnected) return;
    if (server.exitCode !== null) throw new Error(`PostgreSQL ended with ${server.exitCode}`);
    await delay(50);
  }
}
