import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as delay, setImmediate as turn } from "node:timers/promises";
import Database from "better-sqlite3";
import { systemClock } from "../lab/clock.ts";
import { RunLog } from "../lab/events/run-log.ts";
import { SqliteRunStore } from "../lab/history/sqlite/sqlite-run-store.ts";
import { recordingOf } from "../lab/redaction/run-recording.ts";
import type { LabEventBody } from "../model/lab-event.ts";
import { type Row, row } from "./row.ts";

const EVENTS = 100_000;
/** Events appended in one turn of the event loop: a burst of a log tail. */
const BURST = 64;
const RUNS = 2_000;
const EVENTS_A_RUN = 200;
const RESOLUTION_MS = 1;
const IDLE_MS = 3_000;
const GOAL = "<= 20";

/** Event loop delay of the engine's thread while the history works. */
export async function benchHistoryDelay(): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), "lab-bench-"));
  const file = join(folder, "history.db");
  const store = await SqliteRunStore.open(file);
  try {
    fill(file);
    const idleMs = await delayDuring(() => delay(IDLE_MS));
    const eventsMs = await delayDuring(() => record(store));
    const approvalsMs = await delayDuring(async () => {
      await store.approvals(100, Number.MAX_SAFE_INTEGER);
    });
    const trimMs = await delayDuring(async () => {
      await store.trim(RUNS / 2);
    });
    return [
      row("engine's thread, delay of a turn, p99: idle", idleMs, "ms"),
      row("the same, 100,000 events coming in through a run's log, redacted", eventsMs, "ms", GOAL),
      row("the same, approvals of 2,000 runs listed", approvalsMs, "ms", GOAL),
      row("the same, 1,000 runs trimmed", trimMs, "ms", GOAL),
    ];
  } finally {
    await store.close();
    rmSync(folder, { recursive: true });
  }
}

/** p99 in milliseconds. The histogram counts the timer's own resolution as delay; that is subtracted. */
async function delayDuring(work: () => Promise<void>): Promise<number> {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.enable();
  await work();
  histogram.disable();
  return Math.max(0, histogram.percentile(99) / 1e6 - RESOLUTION_MS);
}

async function record(store: SqliteRunStore): Promise<void> {
  const files = { scenarioTitle: "bench", scenarioSource: "id: bench\n" };
  const { redact } = recordingOf(files, false);
  const log = new RunLog({
    runId: "bench",
    clock: systemClock,
    record: (event) => store.append(event),
    recordEnd: (event) => store.end(event),
    redact,
  });
  await store.begin({ ...files, id: "bench", scenarioId: "bench", driver: "process", without: [], startedWallMs: 0 });
  for (let index = 0; index < EVENTS; index++) {
    log.append(lineAt(index));
    if (index % BURST === 0) await turn();
  }
  await log.end({ outcome: "passed", reason: "" });
}

function lineAt(index: number): LabEventBody {
  const line = `{"level":"info","msg":"tools/call list_recent_charges","session":"s-${index}","ms":${index % 90}}`;
  return { type: "service.log", service: "gateway", stream: "stdout", line };
}

/** Runs that ended long ago, each with log lines and a decision in ten events. */
function fill(file: string): void {
  const database = new Database(file);
  const numbers = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < @runs)";
  database
    .prepare(
      `${numbers} INSERT INTO runs (key, id, scenario_id, scenario_title, scenario_source, driver, without, status, outcome,
       reason, started_wall_ms, duration_ms, owner_pid, owner_started)
       SELECT i, 'run-' || i, 'old', 'An old one', 'id: old', 'process', '[]', 'ended', 'passed', '', i, 1, 1, '' FROM n`,
    )
    .run({ runs: RUNS });
  database
    .prepare(
      `${numbers}, each (e) AS (SELECT 1 UNION ALL SELECT e + 1 FROM each WHERE e < @events)
       INSERT INTO events (run_key, seq, at_us, wall_ms, type, body)
       SELECT i, e, e, e, CASE WHEN e % 10 = 0 THEN 10 ELSE 5 END,
         CASE WHEN e % 10 = 0 THEN json_object('callId', 'call-' || (e / 20), 'tool', 'create_refund',
           'arguments', json_object('text', @text), 'sessionId', 's', 'reason', '', 'decidedWallMs', i * 1000000 + e,
           'decision', CASE WHEN e % 20 = 0 THEN 'approved' ELSE 'approvalRequired' END)
         ELSE json_object('service', 'gateway', 'stream', 'stdout', 'line', @text) END
       FROM n, each`,
    )
    .run({ runs: RUNS, events: EVENTS_A_RUN, text: "x".repeat(200) });
  database.close();
}
