import { fork } from "node:child_process";
import { createHash } from "node:crypto";
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { deflateRawSync } from "node:zlib";
import yauzl from "yauzl";
import { exportBundle } from "../lab/bundles/export-bundle.ts";
import type { RunRecord } from "../lab/bundles/format.ts";
import { OtlpTrace } from "../lab/bundles/otlp-trace.ts";
import { SPANS_KEPT } from "../lab/bundles/run-export.ts";
import type { RunStore } from "../lab/history/run-store.ts";
import { SqliteRunStore } from "../lab/history/sqlite/sqlite-run-store.ts";
import { Redactor } from "../lab/redaction/redactor.ts";
import type { LabEvent, LabEventBody } from "../model/lab-event.ts";
import { SpanTracker } from "../model/span-tracker.ts";
import { EVENT_VERSION } from "../model/upgrade.ts";
import { median, type Row, row } from "./row.ts";

const SPEED_EVENTS = 100_000;
const PAIRS = 9;
const SMALL = 100_000;
const LARGE = 300_000;
const PIECE_BYTES = 64 * 1024;

/** Export against the sum of its necessary stages, each run alone; and its memory as a run grows. */
export async function benchBundles(): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), "resilience-lab-bench-"));
  try {
    const { speed, bare } = await measureSpeed(folder);
    const small = await measureMemory(folder, SMALL);
    const large = await measureMemory(folder, LARGE);
    return [
      row("bundle export: speed against the sum of its raw stages", speed, "x", ">= 0.8"),
      row("bundle export: RSS at 300k events against 100k", large / small, "x", "<= 1.25"),
      row("bundle export: the same, redaction and trace not counted as stages", bare, "x"),
      row("bundle export: RSS at 300k events", large / 1e6, "MB"),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Medians over interleaved pairs of (raw stages in sequence) / (export), with and without redaction and traces. */
async function measureSpeed(folder: string): Promise<{ speed: number; bare: number }> {
  const history = await recorded(join(folder, "speed.db"), SPEED_EVENTS);
  const file = join(folder, "speed.zip");
  const raw = join(folder, "raw");
  try {
    await exportBundle({ history, runIds: [RUN], file });
    const entries = await unpacked(file);
    const speeds: number[] = [];
    const bares: number[] = [];
    for (let pair = 0; pair < PAIRS; pair++) {
      const before = pair % 2 === 0 ? await rawStages(history, entries, raw) : undefined;
      const started = performance.now();
      await exportBundle({ history, runIds: [RUN], file });
      const exportMs = performance.now() - started;
      const { madeMs, bareMs } = before ?? (await rawStages(history, entries, raw));
      speeds.push((madeMs + bareMs) / exportMs);
      bares.push(bareMs / exportMs);
    }
    return { speed: median(speeds), bare: median(bares) };
  } finally {
    await history.close();
  }
}

/**
 * Milliseconds of the necessary stages of an export, each alone and with its input in memory: reading the run, redacting
 * and serialising its events, building their spans; then hashing, compressing and writing the bytes of the bundle.
 */
async function rawStages(
  history: RunStore,
  entries: readonly Buffer[][],
  file: string,
): Promise<{ madeMs: number; bareMs: number }> {
  let started = performance.now();
  const lap = () => {
    const ms = performance.now() - started;
    started = performance.now();
    return ms;
  };
  const events: LabEvent[] = [];
  for await (const event of history.events(RUN)) events.push(event);
  let bareMs = lap();
  const redactor = new Redactor();
  for (const event of events) redactor.event(event);
  const trace = new OtlpTrace(RECORD, () => undefined);
  const tracker = new SpanTracker(trace, SPANS_KEPT);
  for (const event of events) {
    tracker.take(event);
    void trace.writeIfFull();
  }
  const madeMs = lap();
  const out = openSync(file, "w");
  try {
    for (const pieces of entries) {
      const hash = createHash("sha256");
      for (const piece of pieces) hash.update(piece);
      hash.digest();
      writeSync(out, deflateRawSync(Buffer.concat(pieces)));
    }
  } finally {
    closeSync(out);
  }
  bareMs += lap();
  return { madeMs, bareMs };
}

async function unpacked(file: string): Promise<Buffer[][]> {
  const zip = await yauzl.openPromise(file, { autoClose: false });
  const entries: Buffer[][] = [];
  try {
    for await (const entry of zip.eachEntry()) {
      const bytes = await buffer(await zip.openReadStreamPromise(entry));
      const pieces: Buffer[] = [];
      for (let at = 0; at < bytes.length; at += PIECE_BYTES) pieces.push(bytes.subarray(at, at + PIECE_BYTES));
      entries.push(pieces);
    }
  } finally {
    zip.close();
  }
  return entries;
}

/** Peak memory of a separate process that exports a run of so many events. */
async function measureMemory(folder: string, events: number): Promise<number> {
  const database = join(folder, `${events}.db`);
  await (await recorded(database, events)).close();
  const child = fork(import.meta.filename, [database, join(folder, `${events}.zip`)], { stdio: "inherit" });
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  child.on("message", (peak) => resolve(Number(peak)));
  child.on("exit", (code) => reject(new Error(`the exporting process ended with ${code} and reported nothing`)));
  return promise;
}

const RUN = "0b6c1f6e-3d5a-4b0e-9c7d-5e8a1f20b3c4";

/** A run as after a long storm: decisions, hits of faults, log lines, and occasional changes of health. */
async function recorded(file: string, events: number): Promise<RunStore> {
  const history = await SqliteRunStore.open(file);
  const scenario = { id: "storm", title: "A long storm", patterns: [] };
  const sources = { scenarioSource: "id: storm\n", stackSource: "services: {}\n" };
  await history.begin({
    id: RUN,
    scenarioId: scenario.id,
    scenarioTitle: scenario.title,
    ...sources,
    driver: "process",
    without: [],
    startedWallMs: STARTED_MS,
  });
  for (let seq = 1; seq <= events; seq++) {
    const body: LabEventBody =
      seq === 1
        ? {
            type: "run.started",
            eventVersion: EVENT_VERSION,
            scenario,
            driver: "process",
            without: [],
            services: [],
            labVersion: "0",
          }
        : seq === events
          ? { type: "run.ended", outcome: "passed", reason: "every check held" }
          : sampleBody(seq);
    const event = { runId: RUN, seq, atMs: seq * 1.5, wallMs: STARTED_MS + seq * 1.5, ...body } as LabEvent;
    if (event.type === "run.ended") await history.end(event);
    else void history.append(event);
    if (seq % 10_000 === 0) await history.flush();
  }
  return history;
}

const STARTED_MS = 1_700_000_000_000;
const RECORD: RunRecord = {
  id: RUN,
  scenarioId: "storm",
  scenarioTitle: "A long storm",
  driver: "process",
  without: [],
  outcome: "passed",
  reason: "every check held",
  startedWallMs: STARTED_MS,
  durationMs: SPEED_EVENTS * 1.5,
  events: SPEED_EVENTS,
};

function sampleBody(seq: number): LabEventBody {
  const hex = (what: string, digits: number) =>
    createHash("md5").update(`${what} ${seq}`).digest("hex").slice(0, digits);
  if (seq % 1_000 === 0) {
    const to = seq % 2_000 === 0 ? "up" : "down";
    return { type: "health.changed", service: "gateway", from: "unknown", to, reason: "answers", latencyMs: 2 };
  }
  if (seq % 3 === 0) {
    const line = `{"level":"info","at":${STARTED_MS + seq},"message":"tools/call list_recent_charges","durationMs":${seq % 97}}`;
    return {
      type: "service.log",
      service: ["gateway", "payments-mcp", "agent"][seq % 7] ?? "audit-db",
      stream: "stdout",
      line,
    };
  }
  if (seq % 3 === 1) {
    return {
      type: "fault.hit",
      fault: "fault-1",
      link: "gateway->payments-mcp",
      effect: "reset",
      traceId: hex("trace", 32),
    };
  }
  return {
    type: "call.decided",
    rowId: String(seq),
    callId: hex("call", 32),
    sessionId: "79e8f70f-9fda-4467-a826-761ceee6f96e",
    turnId: hex("turn", 32),
    tool: "list_recent_charges",
    arguments: { customer: `cus_${seq % 50}`, limit: 10 },
    decision: seq % 2 === 0 ? "allow" : "upstream_error",
    reason: "rule 1 (list_recent_charges: allow)",
    backend: "payments",
    decidedWallMs: STARTED_MS + Math.round(seq * 1.5),
    durationMs: 1.25,
    traceId: hex("trace", 32),
    spanId: hex("span", 16),
  };
}

/** As the child of {@link measureMemory}: exports, and reports its peak memory in bytes. */
async function exportAndTell(database: string, file: string): Promise<void> {
  const history = await SqliteRunStore.open(database);
  await exportBundle({ history, runIds: [RUN], file });
  await history.close();
  process.send?.(process.resourceUsage().maxRSS * 1024);
  process.disconnect();
}

const [, self, database, file] = process.argv;
if (self === import.meta.filename && database !== undefined && file !== undefined) await exportAndTell(database, file);
