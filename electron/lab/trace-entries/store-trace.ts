import { createHash } from "node:crypto";
import { TRACE_SCENARIO_ID } from "../../contract/runs.ts";
import type { LabEvent, LabEventBody } from "../../model/lab-event.ts";
import { EVENT_VERSION } from "../../model/upgrade.ts";
import type { RunStore } from "../history/run-store.ts";
import { LabError } from "../lab-error.ts";
import { Redactor } from "../redaction/redactor.ts";
import { recordOfSpan } from "../telemetry/bounded-record.ts";
import { readTraceFile } from "../trace-files/read-trace-file.ts";
import type { TraceFile, TraceSpan } from "../trace-files/trace.ts";
import { LAB_VERSION } from "../version.ts";

/** Spans of one entry. A file with more is refused: a part of it would look like all of it. */
const SPANS_LIMIT = 500_000;
const PROBLEMS_SHOWN = 20;

export interface StoredTrace {
  runId: string;
  title: string;
  spans: number;
  traces: number;
  /** What could not be read of the file. */
  problems: readonly string[];
  /** The history had it before, by its content; nothing was added. */
  isAlreadyHere: boolean;
}

/**
 * Keeps the spans of a trace file as an entry of its own in the history: a run without steps, whose clock starts with the
 * first span. Redacted like a run.
 * @param content of a file in any of the formats that are read
 * @throws LabError `bad-input` for what is no trace, or has no spans or too many
 */
export async function storeTrace(
  history: RunStore,
  { content, name }: { content: Uint8Array; name: string },
  signal: AbortSignal = new AbortController().signal,
): Promise<StoredTrace> {
  const file = readTraceFile(content);
  const spans = file.traces.flatMap((trace) => trace.spans);
  if (spans.length === 0) {
    const [problem] = file.problems;
    throw new LabError(
      "bad-input",
      problem === undefined ? "it has no spans" : `no span of it can be read: ${problem}`,
    );
  }
  if (spans.length > SPANS_LIMIT) {
    throw new LabError(
      "bad-input",
      `it has ${spans.length} spans, and an entry of the history at most ${SPANS_LIMIT}`,
      {
        hint: "export fewer traces at once",
      },
    );
  }
  const runId = idOf(content);
  const redactor = new Redactor();
  const stored = {
    ...{ runId, title: redactor.text(name), spans: spans.length, traces: file.traces.length, problems: file.problems },
    isAlreadyHere: await history.has(runId),
  };
  if (stored.isAlreadyHere) return stored;
  const startUs = Math.min(...extremes(spans, (span) => span.startUs, Math.min));
  const endUs = Math.max(...extremes(spans, ({ startUs: from, endUs: to = from }) => Math.max(from, to), Math.max));
  const startedWallMs = Math.floor(startUs / 1_000);
  const durationMs = endUs / 1_000 - startedWallMs;
  const summary = summaryOf(file, spans);
  const events = eventsOf({ runId, startedWallMs, durationMs }, [
    {
      type: "run.started",
      eventVersion: EVENT_VERSION,
      scenario: { id: TRACE_SCENARIO_ID, title: stored.title, summary, patterns: [] },
      driver: "process",
      without: [],
      services: [...new Set(spans.map(({ service }) => service || "unknown"))].map((service) => {
        return { name: redactor.text(service), role: "other" };
      }),
      labVersion: LAB_VERSION,
    },
    ...file.problems
      .slice(0, PROBLEMS_SHOWN)
      .map((problem): LabEventBody => ({ type: "warning", code: "trace-file", message: redactor.text(problem) })),
    { type: "run.ended", outcome: "passed", reason: summary },
  ]);
  const arrivals = history.arrivals();
  try {
    arrivals.begin({
      id: runId,
      scenarioId: TRACE_SCENARIO_ID,
      scenarioTitle: stored.title,
      scenarioSource: "",
      driver: "process",
      without: [],
      outcome: "passed",
      reason: summary,
      startedWallMs,
      durationMs,
    });
    for (const event of events) await arrivals.stage(event);
    for (const span of spans) {
      signal.throwIfAborted();
      await arrivals.stageTelemetry(redactor.telemetry(recordOfSpan(span, "trace")));
    }
    await arrivals.commit(stored.title, Date.now(), signal);
  } finally {
    await arrivals.close();
  }
  return stored;
}

/** A UUID of the content's own (RFC 9562, version 8): the same file is the same entry. */
function idOf(content: Uint8Array): string {
  const digits = createHash("sha256").update(content).digest("hex");
  const parts = [digits.slice(0, 8), digits.slice(8, 12), `8${digits.slice(13, 16)}`, `8${digits.slice(17, 20)}`];
  return [...parts, digits.slice(20, 32)].join("-");
}

/** In blocks: a call with a hundred thousand arguments is too many. */
function extremes(
  spans: readonly TraceSpan[],
  of: (span: TraceSpan) => number,
  pick: (...values: number[]) => number,
): number[] {
  const found: number[] = [];
  for (let at = 0; at < spans.length; at += 1_000) found.push(pick(...spans.slice(at, at + 1_000).map(of)));
  return found;
}

function summaryOf({ format, traces, problems }: TraceFile, spans: readonly TraceSpan[]): string {
  const count = (amount: number, what: string) => `${amount} ${what}${amount === 1 ? "" : "s"}`;
  const services = new Set(spans.map(({ service }) => service)).size;
  const read = `${format}: ${count(spans.length, "span")} in ${count(traces.length, "trace")} of ${count(services, "service")}`;
  return problems.length === 0 ? read : `${read}; ${count(problems.length, "part")} of it could not be read`;
}

interface EntryTimes {
  runId: string;
  startedWallMs: number;
  durationMs: number;
}

/** The events of an entry that was not recorded as it happened: the last is at its end, the others at its start. */
export function eventsOf(
  { runId, startedWallMs, durationMs }: EntryTimes,
  bodies: readonly LabEventBody[],
): LabEvent[] {
  return bodies.map((body, at) => {
    const atMs = at === bodies.length - 1 ? durationMs : 0;
    return { runId, seq: at + 1, atMs, wallMs: Math.floor(startedWallMs + atMs), ...body } as LabEvent;
  });
}
