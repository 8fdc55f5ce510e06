import { fork } from "node:child_process";
import { createHash } from "node:crypto";
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { deflateRawSync } from "node:zlib";
import yauzl from "yauzl";
import type { LabEventBody } from "../events/lab-event.ts";
import { History } from "../history/history.ts";
import { thisProcess } from "../stack/process-identity.ts";
import { exportBundle } from "./export-bundle.ts";

export interface Row {
  name: string;
  value: number;
  goal: string;
  unit: string;
  ok: boolean;
}

const SPEED_EVENTS = 100_000;
const PAIRS = 9;
const SMALL = 100_000;
const LARGE = 300_000;
const LEAST_SPEED = 0.8;
const MOST_GROWTH = 1.25;
const PIECE_BYTES = 64 * 1024;

/** Export against the sum of what it cannot do without, each done alone; and its memory as a run grows. */
export async function benchBundles(): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), "resilience-lab-bench-"));
  try {
    const speed = await measureSpeed(folder);
    const small = await measureMemory(folder, SMALL);
    const large = await measureMemory(folder, LARGE);
    const growth = large / small;
    return [
      {
        name: "bundle export: speed against the sum of its raw stages",
        value: speed,
        goal: ">= 0.80",
        unit: "x",
        ok: speed >= LEAST_SPEED,
      },
      {
        name: "bundle export: RSS at 300k events against 100k",
        value: growth,
        goal: "<= 1.25",
        unit: "x",
        ok: growth <= MOST_GROWTH,
      },
      { name: "bundle export: RSS at 300k events", value: large / 1e6, goal: "", unit: "MB", ok: true },
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Median over interleaved pairs of (raw stages one after another) / (export). */
async function measureSpeed(folder: string): Promise<number> {
  const history = recorded(join(folder, "speed.db"), SPEED_EVENTS);
  const file = join(folder, "speed.zip");
  try {
    await exportBundle({ history, runIds: [RUN], file });
    const entries = await unpacked(file);
    const ratios: number[] = [];
    for (let pair = 0; pair < PAIRS; pair++) {
      const rawFirst = pair % 2 === 0;
      const before = rawFirst ? rawStages(history, entries, join(folder, "raw")) : 0;
      const started = performance.now();
      await exportBundle({ history, runIds: [RUN], file });
      const exportMs = performance.now() - started;
      ratios.push((rawFirst ? before : rawStages(history, entries, join(folder, "raw"))) / exportMs);
    }
    return ratios.sort((a, b) => a - b)[Math.floor(PAIRS / 2)] ?? 0;
  } finally {
    history.close();
  }
}

/** Milliseconds to read the run, spell its events, and hash, pack and write the same bytes that the bundle has. */
function rawStages(history: History, entries: readonly Buffer[][], file: string): number {
  const started = performance.now();
  for (const event of history.events(RUN)) JSON.stringify(event);
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
  return performance.now() - started;
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

/** The most memory that a process of its own held while it exported a run of so many events. */
async function measureMemory(folder: string, events: number): Promise<number> {
  const database = join(folder, `${events}.db`);
  recorded(database, events).close();
  const child = fork(import.meta.filename, [database, join(folder, `${events}.zip`)], { stdio: "inherit" });
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  child.on("message", (peak) => resolve(Number(peak)));
  child.on("exit", (code) => reject(new Error(`the exporting process ended with ${code} and told nothing`)));
  return promise;
}

const RUN = "0b6c1f6e-0000-4000-8000-000000000001";

/** A run as a long storm leaves it: decisions, hits of faults, log lines, now and then a change of health. */
function recorded(file: string, events: number): History {
  const history = new History(file, thisProcess);
  const scenario = { id: "storm", title: "A long storm", patterns: [] };
  const sources = { scenarioSource: "id: storm\n", stackSource: "services: {}\n" };
  history.begin({
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
        ? { type: "run.started", scenario, driver: "process", without: [], services: [], labVersion: "0" }
        : seq === events
          ? { type: "run.ended", outcome: "passed", reason: "every check held" }
          : sampleBody(seq);
    history.record({ runId: RUN, seq, atMs: seq * 1.5, wallMs: STARTED_MS + seq * 1.5, ...body } as Parameters<
      History["record"]
    >[0]);
  }
  return history;
}

const STARTED_MS = 1_700_000_000_000;

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

/** As the child of {@link measureMemory}: exports, and tells the most memory that it held, in bytes. */
async function exportAndTell(database: string, file: string): Promise<void> {
  const history = new History(database, thisProcess);
  await exportBundle({ history, runIds: [RUN], file });
  history.close();
  process.send?.(process.resourceUsage().maxRSS * 1024);
  process.disconnect();
}

const [, self, database, file] = process.argv;
if (self === import.meta.filename && database !== undefined && file !== undefined) await exportAndTell(database, file);
