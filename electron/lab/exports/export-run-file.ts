import type { RunFileFormat } from "../../contract/bundles.ts";
import type { LabEvent } from "../../model/lab-event.ts";
import { RunModel } from "../../model/run-model.ts";
import { SpanTracker } from "../../model/span-tracker.ts";
import { endedRuns } from "../bundles/export-bundle.ts";
import { LIMITS } from "../bundles/format.ts";
import { OtlpTrace } from "../bundles/otlp-trace.ts";
import { type EndedRun, recordOf } from "../bundles/run-export.ts";
import type { RunStore } from "../history/run-store.ts";
import { LabError } from "../lab-error.ts";
import { Redactor } from "../redaction/redactor.ts";
import { readTraceFile } from "../trace-files/read-trace-file.ts";
import type { Trace, TraceSpan } from "../trace-files/trace.ts";
import { harOf } from "./har.ts";
import { htmlOf } from "./html.ts";
import { jaegerJson } from "./jaeger-json.ts";
import { otlpJson } from "./otlp-json.ts";
import { samplesCsv } from "./samples-csv.ts";
import { turnTraces } from "./turn-traces.ts";

const ENDINGS: Record<RunFileFormat, string> = {
  otlp: ".otlp.json",
  jaeger: ".jaeger.json",
  har: ".har",
  csv: ".csv",
  html: ".html",
};

export interface RunFile {
  /** `approval-timeout-1f0c3b9a.har`. */
  fileName: string;
  text: string;
}

/**
 * One run in a format of another tool, which has a part of it, or as the viewer of it.
 * @param runId or its first characters
 * @throws LabError as an export of a bundle does
 */
export async function exportRunFile(
  history: RunStore,
  runId: string,
  format: RunFileFormat,
  signal: AbortSignal = new AbortController().signal,
): Promise<RunFile> {
  const [run] = await endedRuns(history, [runId]);
  if (run === undefined) throw new LabError("bad-input", `there is no run ${runId}`);
  const redactor = new Redactor();
  const events = await redactedEvents(history, run, redactor, signal);
  const text = {
    otlp: async () => otlpJson(await tracesOf(history, run, events, redactor)),
    jaeger: async () => jaegerJson(await tracesOf(history, run, events, redactor)),
    har: () => harOf(RunModel.of(events), run.startedWallMs),
    csv: () => samplesCsv(RunModel.of(events)),
    html: () => htmlOf(history, run, events, redactor),
  }[format];
  return { fileName: `${run.scenarioId}-${run.id.slice(0, 8)}${ENDINGS[format]}`, text: await text() };
}

export async function redactedEvents(
  history: RunStore,
  run: EndedRun,
  redactor: Redactor,
  signal: AbortSignal,
): Promise<LabEvent[]> {
  const sources = await history.sources(run.id);
  if (sources.events > LIMITS.eventsPerRun) {
    throw new LabError(
      "bad-input",
      `run ${run.id} has ${sources.events} events: at most ${LIMITS.eventsPerRun} can be exported`,
    );
  }
  // First, because the secrets of these files are searched for in the events.
  if (sources.stack !== undefined) redactor.yaml(sources.stack);
  redactor.yaml(sources.scenario);
  const events: LabEvent[] = [];
  for await (const raw of history.events(run.id)) {
    signal.throwIfAborted();
    events.push(redactor.event(raw).event);
  }
  return events;
}

/** The traces of a run, one tree a turn. */
export async function tracesOf(
  history: RunStore,
  run: EndedRun,
  events: readonly LabEvent[],
  redactor: Redactor,
): Promise<Trace[]> {
  const own = await runSpans(run, events, redactor);
  const { started } = RunModel.of(events.slice(0, 1));
  const gateway = started?.services.find(({ role }) => role === "gateway")?.name ?? "gateway";
  return turnTraces(own, await receivedSpans(history, run.id), gateway);
}

/** The run's own trace as it is in a bundle, read again. */
async function runSpans(run: EndedRun, events: readonly LabEvent[], redactor: Redactor): Promise<readonly TraceSpan[]> {
  const pieces: string[] = [];
  const trace = new OtlpTrace(recordOf(run, events.length, redactor), (piece) => void pieces.push(piece));
  const tracker = new SpanTracker(trace, Number.POSITIVE_INFINITY);
  for (const event of events) {
    tracker.take(event);
    await trace.writeIfFull();
  }
  await trace.end(tracker);
  return readTraceFile(Buffer.from(pieces.join(""))).traces.flatMap(({ spans }) => spans);
}

const PAGE = 2_000;

export async function receivedSpans(history: RunStore, runId: string): Promise<TraceSpan[]> {
  const spans: TraceSpan[] = [];
  for (let after = 0, hasMore = true; hasMore; ) {
    const page = await history.telemetry(runId, after, PAGE);
    for (const record of page.records) {
      if (record.record !== "span") continue;
      const { record: _record, joinedBy: _joinedBy, ...span } = record;
      spans.push({ ...span, parentId: span.parentId, endUs: span.endUs });
    }
    ({ next: after, hasMore } = page);
  }
  return spans;
}
