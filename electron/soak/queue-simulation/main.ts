/** `npm run soak -- queue`: see soak.ts. Exits 1 when a run was lost, or ended more than once. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import pg from "pg";
import type { StoreLocation } from "../../lab/history/history-threads.ts";
import { openQueueStore } from "../../lab/history/open-queue-store.ts";
import { submitRun } from "../../lab/queue/submit-run.ts";
import { startOwnPostgres } from "../../testing/own-postgres.ts";

const PROGRAM = join(import.meta.dirname, "worker.ts");
const WORKERS_EACH = 10;
const KILL_EVERY_MS = 4_000;
const SUBMITTED_AT_ONCE = 16;
const LATE_RUNS = 200;
const LATE_EVERY_MS = 50;

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "10000" },
    workers: { type: "string", default: "50" },
    seed: { type: "string", default: "1" },
  },
});
// As many as are queued at most, and kept when they have ended.
const all = Number(values.runs);
const runs = all - LATE_RUNS;
const processes = Math.max(1, Math.round(Number(values.workers) / WORKERS_EACH));
let random = Number(values.seed);
const nextRandom = (below: number) => {
  // Numerical Recipes' generator: the same deaths for the same seed.
  random = (random * 1_664_525 + 1_013_904_223) % 2 ** 32;
  return random % below;
};

const postgres = await startOwnPostgres();
const location: StoreLocation = { kind: "postgres", url: postgres.url, schema: "resilience_lab" };
const queue = await openQueueStore(location);
const client = new pg.Client({ connectionString: postgres.url });
await client.connect();
await client.query("SET search_path TO resilience_lab");

const submittingMs = await timed(async () => {
  let left = runs;
  const submitAll = async () => {
    while (left-- > 0) await submitRun(queue, { spec: { scenario: "simulated" } });
  };
  await Promise.all(Array.from({ length: SUBMITTED_AT_ONCE }, submitAll));
});
report("submitted", `${runs} runs, ${Math.round((1_000 * runs) / submittingMs)} a second`);

const alive: ChildProcess[] = [];
const start = () => {
  const args = [PROGRAM, JSON.stringify(location), String(WORKERS_EACH)];
  alive.push(spawn(process.execPath, args, { stdio: ["ignore", "ignore", "inherit"] }));
};
for (let at = 0; at < processes; at++) start();
let killed = 0;
const workingMs = await timed(async () => {
  let killedMs = performance.now();
  while ((await queue.counts()).ended < runs) {
    await delay(100);
    if (performance.now() - killedMs < KILL_EVERY_MS) continue;
    killedMs = performance.now();
    const [victim] = alive.splice(nextRandom(alive.length), 1);
    if (victim === undefined) continue;
    const gone = once(victim, "exit");
    victim.kill("SIGKILL");
    await gone;
    killed++;
    start();
  }
});
report("worked", `${Math.round((1_000 * runs) / workingMs)} runs a second; ${killed * WORKERS_EACH} workers killed`);

for (let at = 0; at < LATE_RUNS; at++) {
  await submitRun(queue, { spec: { scenario: "late" } });
  await delay(LATE_EVERY_MS);
}
while ((await queue.counts()).ended < all) await delay(100);
for (const each of alive) {
  const gone = once(each, "exit");
  each.kill("SIGTERM");
  await gone;
}

const one = async (sql: string) =>
  Number((await client.query<{ value: string }>(`SELECT ${sql} AS value`)).rows[0]?.value);
const claims = await one("(SELECT count(*) FROM queue_attempts)");
const lost = await one("(SELECT count(*) FROM queue_attempts WHERE ending = 'lost')");
const endedOnce = await one(
  "(SELECT count(*) FROM queue q WHERE (SELECT count(*) FROM queue_attempts a WHERE a.run_id = q.run_id AND a.ending IN ('passed')) + (q.outcome = 'interrupted')::int = 1)",
);
const overlapping = await one(
  `(SELECT count(*) FROM queue_attempts a JOIN queue_attempts b ON b.run_id = a.run_id AND b.attempt = a.attempt + 1
    WHERE a.ended_ms IS NULL OR a.ended_ms > b.claimed_ms + 50)`,
);
const interrupted = await one("(SELECT count(*) FROM queue WHERE outcome = 'interrupted')");
const results = await one("(SELECT count(*) FROM queue_results)");
const late = "started_ms - submitted_ms";
const latency = (share: number) =>
  one(`(SELECT percentile_cont(${share}) WITHIN GROUP (ORDER BY ${late}) FROM queue WHERE spec LIKE '%"late"%')`);
const bytes = await one(
  "pg_total_relation_size('queue') + pg_total_relation_size('queue_attempts') + pg_total_relation_size('queue_results')",
);
report("claims", `${claims}, ${Math.round((1_000 * claims) / workingMs)} a second; ${lost} leases lost`);
report("ended once", `${endedOnce} of ${all}; ${interrupted} interrupted after three attempts`);
report("attempts that overlap", String(overlapping));
report("results", `${results}, one a run`);
report(
  "queue latency with idle workers",
  `p50 ${Math.round(await latency(0.5))} ms, p99 ${Math.round(await latency(0.99))} ms`,
);
report("bytes per 1,000 runs", String(Math.round((1_000 * bytes) / all)));
const dispatch = await one(
  "(SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'resilience_lab_dispatch'::regnamespace)",
);
const left = await one("(SELECT count(*) FROM resilience_lab_dispatch.job)");
report("bytes of the dispatch", `${Math.round(dispatch)}; ${left} wake-ups left`);
await client.end();
await queue.close();
await postgres.close();
process.exitCode = endedOnce === all && overlapping === 0 && results <= all ? 0 : 1;

async function timed(work: () => Promise<void>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return performance.now() - startedMs;
}

function report(what: string, text: string): void {
  process.stdout.write(`${what.padEnd(32)} ${text}\n`);
}
