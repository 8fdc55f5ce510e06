import { createHash } from "node:crypto";
import { type Db, PgBoss } from "pg-boss";
import { pauseFor } from "../../pause-for.ts";
import type { QueueSql, SqlQuery } from "../queue-database.ts";
import type { PostgresLocation } from "./connections.ts";

/** Its tables are apart from the lab's: both have one called queue. */
const SCHEMA_SUFFIX = "_dispatch";
/** Of a wake-up, in the rules of the queue: pg-boss's own are made for jobs that it carries out itself. */
const RULES = {
  notify: true,
  /** A wake-up that no slot of a worker takes up in this time is given to another: as long as a lease. */
  expireInSeconds: 30,
  /** The least that pg-boss allows: of a worker that died with a wake-up in its hands. */
  heartbeatSeconds: 10,
  retryLimit: 1_000,
  /** Of a run that waits this long, workers learn by their polls. */
  retentionSeconds: 86_400,
  /** Once taken up it has no use: what became of the run is in its row. */
  deleteAfterSeconds: 60,
} as const;
const SUPERVISION = {
  superviseIntervalSeconds: 5,
  monitorIntervalSeconds: 5,
  maintenanceIntervalSeconds: 300,
} as const;
/** pg-boss polls for wake-ups whose notification was lost; the queue itself is polled more often. */
const POLLING = { pollingIntervalSeconds: 10, notifyPollingIntervalSeconds: 30, heartbeatRefreshSeconds: 5 } as const;
const WITHOUT = {
  schedule: false,
  registerInstance: false,
  persistWarnings: false,
  monitorVacuum: false,
  reindex: false,
  openTelemetry: { enabled: false },
} as const;
/** For pg-boss's own statements, and the one that listens. */
const CONNECTIONS = 2;
const STOP_LIMIT_MS = 1_000;
const START_AGAIN_MS = 1_000;
/** The longest that a timer can wait. */
const NEVER_MS = 2 ** 31 - 1;

/** Wake-ups of workers, sent and withdrawn in the transaction that changes the row of their run. They decide nothing. */
export interface WakeUps extends NonNullable<QueueSql["wakeUps"]> {
  close(): Promise<void>;
}

/** @param query on any connection, for what belongs to no transaction */
export async function openWakeUps({ schema }: PostgresLocation, query: SqlQuery): Promise<WakeUps> {
  const boss = new PgBoss({ ...WITHOUT, db: asDb(query), schema: schema + SCHEMA_SUFFIX, supervise: false });
  boss.on("error", () => {});
  await boss.start();
  await boss.createQueue(queueOf([]), RULES);
  return {
    async send(within, runId, labels) {
      await unlessUnknown(boss.send(queueOf(labels), { runId }, { id: jobId(runId), db: asDb(within) }));
    },
    async withdraw(within, runId, labels) {
      await unlessUnknown(boss.deleteJob(queueOf(labels), jobId(runId), { db: asDb(within) }));
    },
    close: () => boss.stop({ graceful: false }),
  };
}

/**
 * Until the signal aborts: calls back for each run that is submitted or given back and that a worker with these labels can
 * carry out. A wake-up whose callback has not come to its end is given to another worker after a while. A database that is
 * away is waited for: meanwhile the claims of the worker fail, and are reported.
 */
export async function listenForWakeUps(
  { url, schema }: PostgresLocation,
  labels: readonly string[],
  onWakeUp: () => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const boss = new PgBoss({
      ...WITHOUT,
      ...SUPERVISION,
      connectionString: url,
      application_name: "resilience-lab",
      schema: schema + SCHEMA_SUFFIX,
      max: CONNECTIONS,
      useListenNotify: true,
    });
    boss.on("error", () => {});
    try {
      await boss.start();
      for (const name of new Set([[], ...labels.map((label) => [label])].map(queueOf))) {
        await boss.createQueue(name, RULES);
        await boss.work(name, POLLING, onWakeUp);
      }
      // For what came before it listened.
      void onWakeUp();
      await pauseFor(NEVER_MS, signal);
    } catch {
      await pauseFor(START_AGAIN_MS, signal);
    } finally {
      await boss.stop({ timeout: STOP_LIMIT_MS }).catch(() => {});
    }
  }
}

/**
 * One for each label, created by workers that have it, and one for runs without labels. A run with several is announced to
 * those that have its last: of these, one that lacks another label passes the run over.
 */
function queueOf(labels: readonly string[]): string {
  const label = labels.at(-1);
  // Names of queues may have no colon, and labels no slash.
  return label === undefined ? "runs" : `runs/${label.replaceAll(":", "/")}`;
}

/** The same for every attempt of a run, so that the claim finds it. */
function jobId(runId: string): string {
  const hex = createHash("sha256").update(runId).digest("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    "-",
  );
}

/** A label that no worker has had has no queue: there is nobody to wake. */
async function unlessUnknown(done: Promise<unknown>): Promise<void> {
  await done.catch((error: { code?: string }) => {
    if (error.code !== "PGBOSS_QUEUE_NOT_FOUND") throw error;
  });
}

function asDb(query: SqlQuery): Db {
  return { executeSql: async (text, values = []) => ({ rows: await query<unknown>(text, values) }) };
}
