import { hasAnnotations, mapTexts, type RunAnnotations } from "../../model/annotations.ts";
import { logText } from "../../model/catalogue/log-entries.ts";
import type { LabEvent, Outcome } from "../../model/lab-event.ts";
import type { AnyInstant } from "../../model/span.ts";
import { SpanTracker } from "../../model/span-tracker.ts";
import type { RunStore, StoredRun } from "../history/run-store.ts";
import { LabError } from "../lab-error.ts";
import { countPlaceholders } from "../redaction/placeholder.ts";
import { Redactor } from "../redaction/redactor.ts";
import { render } from "../reports/formats.ts";
import { type BundleLimits, DEPTH_LIMIT, isTooDeep, RUN_FILES, type RunRecord, runPath } from "./format.ts";
import { OtlpTrace } from "./otlp-trace.ts";
import { ServiceLogs } from "./service-logs.ts";
import { SummaryDraft } from "./viewer/summary-draft.ts";
import type { ViewerPage } from "./viewer/viewer-page.ts";
import type { TextSink, ZipWriter } from "./zip-writer.ts";

/** The signal is checked after so many events, when no chunk is written meanwhile. */
const CHECK_EVERY_EVENTS = 512;
const TELEMETRY_AT_ONCE = 500;

export type EndedRun = StoredRun & { outcome: Outcome; reason: string; durationMs: number };

export interface RunExport {
  record: RunRecord;
  /** How many placeholders of each kind the run has, including those of its recording. */
  redacted: ReadonlyMap<string, number>;
}

/**
 * Writes one run's files in one pass over its events. Every file is generated from the redacted events; memory does not grow
 * with the run.
 */
export async function exportRun(
  run: EndedRun,
  parts: {
    history: RunStore;
    zip: ZipWriter;
    viewer: ViewerPage;
    limits: BundleLimits;
    signal: AbortSignal;
    onEvents: (count: number) => void;
  },
): Promise<RunExport> {
  const { history, zip, limits, signal } = parts;
  const sources = await history.sources(run.id);
  const tooMany = sources.events > limits.eventsPerRun;
  if (tooMany) throw tooLarge(run, `it has ${sources.events} events, and a bundle holds ${limits.eventsPerRun}`);
  const redactor = new Redactor();
  // First, because the secrets of these files are searched for in all others.
  const stack = sources.stack === undefined ? undefined : redactor.yaml(sources.stack);
  const scenario = redactor.yaml(sources.scenario);
  const record = recordOf(run, sources.events, redactor);
  const redacted = new Map<string, number>();
  for (const text of [stack ?? "", scenario, JSON.stringify(record)]) countPlaceholders(text, redacted);
  zip.add(runPath(run.id, RUN_FILES.run), `${JSON.stringify(record, null, 2)}\n`);
  zip.add(runPath(run.id, RUN_FILES.scenario), scenario);
  if (stack !== undefined) zip.add(runPath(run.id, RUN_FILES.stack), stack);
  const annotations = mapTexts(run.annotations, (text) => redactor.text(text));
  if (hasAnnotations(annotations)) {
    const text = `${JSON.stringify(annotations, null, 2)}\n`;
    countPlaceholders(text, redacted);
    zip.add(runPath(run.id, RUN_FILES.annotations), text);
  }

  await parts.viewer.beginRun(record, annotations);
  const files = new RunFiles({ record, annotations, zip, viewer: parts.viewer });
  let seq = 0;
  for await (const raw of history.events(run.id)) {
    if (raw.seq !== ++seq) break;
    const { event, line } = redactor.event(raw);
    countPlaceholders(line, redacted);
    if (isTooDeep(event, line)) throw tooLarge(run, `its event ${seq} is nested more than ${DEPTH_LIMIT} deep`);
    if (line.length > limits.lineChars) throw tooLarge(run, `its event ${seq} has ${line.length} characters`);
    const isFull = files.take(event, line);
    if (isFull === undefined && seq % CHECK_EVERY_EVENTS !== 0) continue;
    await isFull;
    parts.onEvents(seq);
    signal.throwIfAborted();
  }
  if (seq !== record.events) {
    throw new LabError(
      "bad-input",
      `run ${run.id} was deleted or damaged while it was exported: ${record.events - seq} events are missing`,
    );
  }
  await files.end();
  await exportTelemetry(run, { ...parts, redactor, redacted });
  await parts.viewer.endRun(files.summary());
  parts.onEvents(seq);
  return { record, redacted };
}

/** The spans and logs of services, one a line; no file for a run without any. */
async function exportTelemetry(
  run: EndedRun,
  parts: {
    history: RunStore;
    zip: ZipWriter;
    viewer: ViewerPage;
    limits: BundleLimits;
    signal: AbortSignal;
    redactor: Redactor;
    redacted: Map<string, number>;
  },
): Promise<void> {
  const { history, zip, viewer, limits, signal, redactor, redacted } = parts;
  let sink: TextSink | undefined;
  let count = 0;
  for (let after = 0, hasMore = true; hasMore; ) {
    const page = await history.telemetry(run.id, after, TELEMETRY_AT_ONCE);
    for (const record of page.records) {
      count++;
      if (count > limits.telemetryPerRun)
        throw tooLarge(run, `it has more than ${limits.telemetryPerRun} spans and logs`);
      const line = JSON.stringify(redactor.telemetry(record));
      countPlaceholders(line, redacted);
      sink ??= zip.open(runPath(run.id, RUN_FILES.telemetry));
      await sink.write(`${line}\n`);
      await viewer.telemetry(line);
    }
    signal.throwIfAborted();
    ({ next: after, hasMore } = page);
  }
  await sink?.end();
}

/** The record of a run in a bundle. */
export function recordOf(run: EndedRun, events: number, redactor: Redactor): RunRecord {
  const { id, scenarioId, scenarioTitle, driver, without, outcome, reason, startedWallMs, durationMs } = run;
  return {
    id,
    scenarioId: redactor.text(scenarioId),
    scenarioTitle: redactor.text(scenarioTitle),
    driver,
    without,
    outcome,
    reason: redactor.text(reason),
    startedWallMs,
    // With the precision of the stored events, so that an imported run is exported unchanged.
    durationMs: Math.round(durationMs * 1000) / 1000,
    events,
  };
}

function tooLarge(run: StoredRun, why: string): LabError {
  return new LabError("bad-input", `run ${run.id} is too large for a bundle: ${why}`, {
    hint: {
      terminal: "`resilience-lab history show RUN --reporter json` still has its report",
      window: "its page still shows it",
    },
  });
}

/** Approximate number of open spans of each kind; beyond it the oldest are written in their current state. */
export const SPANS_KEPT = 1_000;

interface RunFilesParts {
  record: RunRecord;
  annotations: RunAnnotations;
  zip: ZipWriter;
  viewer: ViewerPage;
}

/** The files of one run that are written as its events are read. */
class RunFiles {
  readonly #record: RunRecord;
  readonly #zip: ZipWriter;
  readonly #events: TextSink;
  readonly #decisions: TextSink;
  readonly #traceFile: TextSink;
  readonly #trace: OtlpTrace;
  readonly #tracker: SpanTracker;
  readonly #logs: ServiceLogs;
  readonly #draft: SummaryDraft;
  readonly #viewer: ViewerPage;
  #decided = 0;
  #full: Promise<unknown> | undefined;

  constructor({ record, annotations, zip, viewer }: RunFilesParts) {
    this.#record = record;
    this.#zip = zip;
    this.#events = zip.open(runPath(record.id, RUN_FILES.events));
    this.#decisions = zip.open(runPath(record.id, RUN_FILES.decisions));
    const traceFile = zip.open(runPath(record.id, RUN_FILES.trace));
    this.#traceFile = traceFile;
    this.#trace = new OtlpTrace(record, (text) => traceFile.write(text));
    this.#logs = new ServiceLogs(record.id, zip);
    this.#draft = new SummaryDraft(record, annotations);
    this.#viewer = viewer;
    const [trace, draft] = [this.#trace, this.#draft];
    this.#tracker = new SpanTracker(
      {
        passed: (event) => draft.passed(event),
        began: (event) => trace.began(event),
        opened: (span) => trace.opened(span),
        changed: (span) => trace.changed(span),
        dropped: (span) => trace.dropped(span),
        instant: (instant) => this.#takeInstant(instant),
      },
      SPANS_KEPT,
    );
  }

  /** Returns a promise to await when enough was buffered to be written. */
  take(event: LabEvent, line: string): Promise<unknown> | undefined {
    this.#full = both(this.#events.write(`${line}\n`), this.#viewer.event(line));
    this.#tracker.take(event);
    return both(this.#full, this.#trace.writeIfFull());
  }

  #takeInstant(instant: AnyInstant): void {
    this.#draft.instant(instant);
    const logged = logText(instant);
    if (logged !== undefined) this.#full = both(this.#full, this.#logs.take(instant.atMs, logged));
    else if (instant.kind === "decision") {
      const { type: _type, runId: _runId, wallMs: _wallMs, ...row } = instant.event;
      const separator = this.#decided++ === 0 ? "[\n" : ",\n";
      this.#full = both(this.#full, this.#decisions.write(`${separator}${JSON.stringify(row)}`));
    }
  }

  async end(): Promise<void> {
    await this.#events.end();
    await this.#decisions.write(this.#decided === 0 ? "[]\n" : "\n]\n");
    await this.#decisions.end();
    await this.#trace.end(this.#tracker);
    await this.#traceFile.end();
    await this.#logs.end();
    await this.#viewer.endEvents();
    this.#zip.add(runPath(this.#record.id, RUN_FILES.junit), render("junit", [this.#draft.report()]));
  }

  /** As HTML. */
  summary(): string {
    return this.#draft.summary();
  }
}

/** Avoids allocating a promise for most events. */
function both(one: Promise<unknown> | undefined, other: Promise<unknown> | undefined): Promise<unknown> | undefined {
  return one === undefined || other === undefined ? (one ?? other) : Promise.all([one, other]);
}
