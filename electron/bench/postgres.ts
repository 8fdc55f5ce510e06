import pg from "pg";
import { PostgresRunStore } from "../lab/history/postgres/postgres-run-store.ts";
import type { LabEvent } from "../model/lab-event.ts";
import { startOwnPostgres } from "../testing/own-postgres.ts";
import { benchEvent } from "./recorder.ts";
import { median, type Row, row } from "./row.ts";

const PAIRS = 5;
const RUNS = 20;
const EVENTS_EACH = 2_000;
const BATCH = 512;

/** Events of 20 live runs, from append to durable, against raw multi-row inserts of the same rows in the same batches. */
export async function benchPostgres(): Promise<Row[]> {
  const { url, close } = await startOwnPostgres();
  try {
    const ratios: number[] = [];
    let eventsPerSecond = 0;
    for (let pair = 0; pair < PAIRS; pair++) {
      const first = pair % 2 === 0 ? await record(url, `bench_${pair}`) : undefined;
      const rawMs = await insertRaw(url, `raw_${pair}`);
      const recordedMs = first ?? (await record(url, `bench_${pair}`));
      ratios.push(rawMs / recordedMs);
      eventsPerSecond = Math.max(eventsPerSecond, (RUNS * EVENTS_EACH * 1_000) / recordedMs);
    }
    return [
      row("PostgreSQL: events of 20 live runs against raw multi-row inserts", median(ratios), "ratio", ">= 0.6"),
      row("PostgreSQL: the same, best of 5", eventsPerSecond, "1/s"),
    ];
  } finally {
    await close();
  }
}

async function record(url: string, schema: string): Promise<number> {
  const store = await PostgresRunStore.open({ kind: "postgres", url, schema });
  const ids = Array.from({ length: RUNS }, (_, index) => `run-${index}`);
  for (const id of ids) {
    const texts = { scenarioId: "bench", scenarioTitle: "bench", scenarioSource: "", driver: "process" };
    await store.begin({ id, ...texts, without: [], startedWallMs: 0 });
  }
  const startedMs = performance.now();
  for (const event of events(ids)) void store.append(event);
  await store.flush();
  const tookMs = performance.now() - startedMs;
  await store.close();
  return tookMs;
}

/** In turn, as runs beside each other make them. */
function* events(ids: readonly string[]): Generator<LabEvent> {
  for (let seq = 1; seq <= EVENTS_EACH; seq++) for (const runId of ids) yield { ...benchEvent(seq), runId };
}

async function insertRaw(url: string, table: string): Promise<number> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(
    `CREATE TABLE ${table} (run_key bigint, seq integer, at_us bigint, wall_ms bigint, type smallint, body text,
     service text, decision text, PRIMARY KEY (run_key, seq))`,
  );
  const ids = Array.from({ length: RUNS }, (_, index) => String(index));
  const startedMs = performance.now();
  let values: unknown[] = [];
  const insert = async () => {
    const rows = Array.from({ length: values.length / 8 }, (_, at) => {
      return `(${Array.from({ length: 8 }, (_, column) => `$${8 * at + column + 1}`)})`;
    });
    await client.query(`INSERT INTO ${table} VALUES ${rows.join(",")}`, values);
    values = [];
  };
  for (const { runId, seq, atMs, wallMs, ...body } of events(ids)) {
    values.push(Number(runId), seq, Math.round(atMs * 1000), wallMs, 10, JSON.stringify(body), null, "allow");
    if (values.length === 8 * BATCH) await insert();
  }
  if (values.length > 0) await insert();
  const tookMs = performance.now() - startedMs;
  await client.end();
  return tookMs;
}
