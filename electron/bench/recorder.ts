import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { SqliteRunStore } from "../lab/history/sqlite/sqlite-run-store.ts";
import type { LabEvent } from "../model/lab-event.ts";
import { median, type Row, row } from "./row.ts";

const PAIRS = 9;
const EVENTS = 20_000;
const BATCH = 512;

/** The recorder, from the event to its being durable, against bare inserts of the same rows in the same batches. */
export async function benchRecorder(): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), "lab-bench-"));
  try {
    const ratios: number[] = [];
    for (let pair = 0; pair < PAIRS; pair++) {
      const file = (name: string) => join(folder, `${name}-${pair}.db`);
      const first = pair % 2 === 0 ? await record(file("recorder")) : undefined;
      const bareMs = insertBare(file("bare"));
      ratios.push(bareMs / (first ?? (await record(file("recorder")))));
    }
    return [row("recorder, events/s against bare batched inserts", median(ratios), "ratio", ">= 0.85")];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** An event as large as most. */
export function benchEvent(seq: number): LabEvent {
  return {
    runId: "run",
    seq,
    atMs: seq / 10,
    wallMs: 1_700_000_000_000 + seq,
    type: "call.decided",
    rowId: String(seq),
    callId: "0192f0c1-1111-7222-8333-444455556666",
    sessionId: "session-1",
    turnId: "turn-1",
    tool: "list_recent_charges",
    arguments: { limit: 10 },
    decision: "allow",
    reason: "rule 1 (list_recent_charges: allow)",
    backend: "payments",
    decidedWallMs: 1_700_000_000_000 + seq,
    durationMs: 1.25,
    traceId: "0af7651916cd43dd8448eb211c80319c",
    spanId: "b7ad6b7169203331",
  };
}

async function record(file: string): Promise<number> {
  const history = await SqliteRunStore.open(file);
  await history.begin({
    id: "run",
    scenarioId: "bench",
    scenarioTitle: "bench",
    scenarioSource: "",
    driver: "process",
    without: [],
    startedWallMs: 0,
  });
  const startedMs = performance.now();
  for (let seq = 1; seq <= EVENTS; seq++) void history.append(benchEvent(seq));
  await history.flush();
  const elapsedMs = performance.now() - startedMs;
  await history.close();
  return elapsedMs;
}

function insertBare(file: string): number {
  const database = new Database(file);
  database.pragma("journal_mode = WAL");
  database.pragma("synchronous = NORMAL");
  database.exec(
    `CREATE TABLE events (run_key INTEGER, seq INTEGER, at_us INTEGER, wall_ms INTEGER, type INTEGER, body TEXT,
     PRIMARY KEY (run_key, seq)) STRICT, WITHOUT ROWID`,
  );
  const insert = database.prepare("INSERT INTO events VALUES (1, ?, ?, ?, ?, ?)");
  const startedMs = performance.now();
  for (let from = 1; from <= EVENTS; from += BATCH) {
    database.transaction(() => {
      for (let seq = from; seq < Math.min(from + BATCH, EVENTS + 1); seq++) {
        const { runId: _runId, atMs, wallMs, ...body } = benchEvent(seq);
        insert.run(seq, Math.round(atMs * 1000), wallMs, 10, JSON.stringify(body));
      }
    })();
  }
  const elapsedMs = performance.now() - startedMs;
  database.close();
  return elapsedMs;
}
