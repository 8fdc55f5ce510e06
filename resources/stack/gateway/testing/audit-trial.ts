/**
 * Checks from outside whether decisions are lost when processes end: clients count the responses that they received, and
 * PostgreSQL is queried for its rows. Gateway and database are real processes; the gateway's own counters are not used.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { freePort } from "../../http/testing/free-port.ts";
import { type ServiceProcess, startService } from "../../http/testing/service-process.ts";
import { startBackend } from "./backend.ts";
import { testPolicy } from "./lab.ts";
import type { TestPostgres } from "./postgres.ts";
import { RawClient } from "./raw-client.ts";

const main = fileURLToPath(new URL("../main.ts", import.meta.url));
const clientsAtOnce = 4;
const retryMs = 20;

/** `stopped` is the orderly end, by SIGTERM or SIGINT. */
export type Outage = "none" | "killed" | "stopped";

export interface TrialOptions {
  postgres: TestPostgres;
  database: Outage;
  gateway: Outage;
  /** Resolves when the next phase may start; receives the number of calls answered so far. */
  enough: (answered: () => number) => Promise<void>;
}

export interface TrialResult {
  answered: number;
  /** Number of calls answered during the database outage. */
  answeredMeanwhile: number;
  lost: number;
  twice: number;
  /** Number of rows that precede one of the same client's earlier calls. */
  misplaced: number;
  /** Number of answered calls without a row of their end, and with more than one. */
  endsLost: number;
  endsTwice: number;
}

/** Under continuous calls: normal operation, database down, gateway restarted, database up, normal operation. */
export async function runTrial({ postgres, database, gateway, enough }: TrialOptions): Promise<TrialResult> {
  const folder = mkdtempSync(join(tmpdir(), "gateway-trial-"));
  writeFileSync(join(folder, "policy.yaml"), testPolicy);
  const backend = await startBackend();
  const port = await freePort();
  const start = async (): Promise<ServiceProcess> => {
    const process = startService(main, {
      PORT: `${port}`,
      POLICY_FILE: join(folder, "policy.yaml"),
      AUDIT_SPOOL_FOLDER: join(folder, "spool"),
      DATABASE_URL: postgres.url,
      BACKENDS: `test=${backend.url}`,
    });
    await process.url();
    return process;
  };
  let running = await start();
  const load = new Load(`http://127.0.0.1:${port}`);
  try {
    await enough(load.count);
    if (database !== "none") await postgres.end(database === "killed" ? "SIGKILL" : "SIGINT");
    const before = load.count();
    await enough(load.count);
    const meanwhile = load.count() - before;
    if (gateway !== "none") {
      await running.stop(gateway === "killed" ? "SIGKILL" : "SIGTERM");
      running = await start();
    }
    await enough(load.count);
    if (database !== "none") await postgres.start();
    await enough(load.count);
    await load.stop();
    // An orderly stop writes what it can; the rest is written by the next gateway, with the database up.
    await running.stop();
    running = await start();
    await running.stop();
    return { ...(await load.judge(postgres)), answeredMeanwhile: meanwhile };
  } finally {
    await load.stop();
    await running.stop("SIGKILL");
    await backend.down();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Clients that make sequential, numbered calls and record which were answered. */
class Load {
  readonly #url: string;
  readonly #trial = `trial-${Math.random()}`;
  readonly #answered: number[][] = [];
  readonly #working: Promise<void>;
  #stopped = false;

  constructor(url: string) {
    this.#url = url;
    this.#working = Promise.all(Array.from({ length: clientsAtOnce }, (_, client) => this.#work(client))).then(
      () => {},
    );
  }

  readonly count = (): number => this.#answered.reduce((sum, { length }) => sum + length, 0);

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#working;
  }

  async judge(postgres: TestPostgres): Promise<Omit<TrialResult, "answeredMeanwhile">> {
    const rows = await postgres.query<{ client: number; n: number }>(
      `SELECT (arguments->>'client')::int AS client, (arguments->>'n')::int AS n FROM audit_log
       WHERE arguments->>'trial' = $1 AND decision = 'allow' ORDER BY id`,
      [this.#trial],
    );
    const ends = await postgres.query<{ client: number; n: number; ends: number }>(
      `SELECT (arguments->>'client')::int AS client, (arguments->>'n')::int AS n, count(calls.id)::int AS ends
       FROM audit_log LEFT JOIN calls ON calls.call_id = audit_log.call_id AND calls.outcome = 'ok'
       WHERE arguments->>'trial' = $1 AND decision = 'allow' GROUP BY audit_log.call_id, 1, 2`,
      [this.#trial],
    );
    const result = { answered: this.count(), lost: 0, twice: 0, misplaced: 0, endsLost: 0, endsTwice: 0 };
    this.#answered.forEach((answered, client) => {
      const written = rows.filter((row) => row.client === client).map(({ n }) => n);
      const known = new Set(written);
      result.lost += answered.filter((n) => !known.has(n)).length;
      result.twice += written.length - known.size;
      const ended = new Map(ends.filter((row) => row.client === client).map((row) => [row.n, row.ends]));
      result.endsLost += answered.filter((n) => (ended.get(n) ?? 0) === 0).length;
      result.endsTwice += answered.filter((n) => (ended.get(n) ?? 0) > 1).length;
      result.misplaced += written.filter((n, index) => n < (written[index - 1] ?? -1)).length;
    });
    return result;
  }

  async #work(client: number): Promise<void> {
    const answered: number[] = [];
    this.#answered[client] = answered;
    let session: RawClient | undefined;
    for (let n = 0; !this.#stopped; n += 1) {
      try {
        session ??= await RawClient.open(`${this.#url}/mcp`);
        const reply = await session.call("list_items", { trial: this.#trial, client, n }, { turn: `${n}` });
        if (reply.message.result) answered.push(n);
        else if (reply.status !== 200) session = undefined;
      } catch {
        session = undefined;
        await sleep(retryMs);
      }
    }
  }
}
