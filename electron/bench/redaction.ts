import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../lab/clock.ts";
import { RunLog } from "../lab/events/run-log.ts";
import { SqliteRunStore } from "../lab/history/sqlite/sqlite-run-store.ts";
import { recordingOf } from "../lab/redaction/run-recording.ts";
import type { LabEventBody } from "../model/lab-event.ts";
import { type Row, row } from "./row.ts";

const EVENTS = 10_000;
const PAIRS = 9;

/** Recording of 10,000 events with redaction against the same without it: processor time of the engine's thread. */
export async function benchRedaction(): Promise<Row[]> {
  const ratioOf = async (bodyOf: (index: number) => LabEventBody) => {
    const ratios: number[] = [];
    for (let pair = 0; pair < PAIRS; pair++) ratios.push((await record(bodyOf, true)) / (await record(bodyOf, false)));
    return ratios.sort((a, b) => a - b)[Math.floor(PAIRS / 2)] ?? 0;
  };
  return [
    row(
      "recording with redaction against without: 10,000 ordinary events, processor time",
      await ratioOf(ordinary),
      "x",
    ),
    row("the same, each tenth event with a secret", await ratioOf(tenthWithSecret), "x"),
  ];
}

async function record(bodyOf: (index: number) => LabEventBody, isRedacted: boolean): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "lab-bench-"));
  const history = await SqliteRunStore.open(join(folder, "history.db"));
  try {
    const files = { scenarioTitle: "bench", scenarioSource: "id: bench\n" };
    const { redact } = recordingOf(files, !isRedacted);
    const log = new RunLog({ runId: "bench", clock: systemClock, record: (event) => history.append(event), redact });
    await history.begin({
      ...files,
      id: "bench",
      scenarioId: "bench",
      driver: "process",
      without: [],
      startedWallMs: 0,
    });
    const before = process.cpuUsage();
    for (let index = 0; index < EVENTS; index++) log.append(bodyOf(index));
    await history.flush();
    const { user, system } = process.cpuUsage(before);
    return user + system;
  } finally {
    await history.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** As in a run: seven lines of a service's log to two decisions and a change of health. */
function ordinary(index: number): LabEventBody {
  const kind = index % 10;
  if (kind < 7) {
    const line = `{"level":"info","msg":"tools/call list_recent_charges","session":"s-${index}","ms":${index % 90}}`;
    return { type: "service.log", service: "gateway", stream: "stdout", line };
  }
  if (kind === 9) {
    return { type: "health.changed", service: "payments-mcp", from: "up", to: "down", reason: "connection refused" };
  }
  return decision(index, "for the turn of the person who asked");
}

function tenthWithSecret(index: number): LabEventBody {
  return index % 10 === 8
    ? decision(index, `ask ann.${index}@example.com, +49 30 ${1_000_000 + index}`)
    : ordinary(index);
}

function decision(index: number, note: string): LabEventBody {
  return {
    type: "call.decided",
    rowId: String(index),
    callId: `79e8f70f-4a42-4b42-8c42-${String(index).padStart(12, "0")}`,
    sessionId: "session-1",
    turnId: "turn-1",
    tool: "create_refund",
    arguments: { charge_id: `ch_${index}`, amount: index, note },
    decision: "allow",
    reason: "rule 1 (create_refund: allow)",
    backend: "payments-mcp",
    decidedWallMs: 1_700_000_000_000 + index,
    durationMs: 5,
    traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
    spanId: "00f067aa0ba902b7",
  };
}
