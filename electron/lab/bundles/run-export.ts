import type { LabEvent, Outcome } from "../../model/lab-event.ts";
import type { RunStore, StoredRun } from "../history/run-store.ts";
import { LabError } from "../lab-error.ts";
import { countPlaceholders } from "../redaction/placeholder.ts";
import { Redactor } from "../redaction/redactor.ts";
import { render } from "../reports/formats.ts";
import { type BundleLimits, DEPTH_LIMIT, isTooDeep, RUN_FILES, type RunRecord, runPath } from "./format.ts";
import { OtlpTrace } from "./otlp-trace.ts";
import { LogExcerpt } from "./report/log-excerpt.ts";
import { renderReport } from "./report/report-page.ts";
import { ReportTimeline } from "./report/report-timeline.ts";
import { RunSketch } from "./run-sketch.ts";
import { ServiceLogs } from "./service-logs.ts";
import type { TextSink, ZipWriter } from "./zip-writer.ts";

/** Events between two looks at the signal, when no chunk is written meanwhile. */
const LOOK_EVERY = 512;

export type EndedRun = StoredRun & { outcome: Outcome; reason: string; durationMs: number };

export interface RunExport {
  record: RunRecord;
  /** How many placeholders of each kind the run has: those that it was stored with, and those of this export. */
  redacted: ReadonlyMap<string, number>;
}

/**
 * Writes one run's files in one pass over its events. Every file is made from what the redactor let through, so none can
 * say more than another; memory does not grow with the run.
 */
export async function exportRun(
  run: EndedRun,
  parts: {
    history: RunStore;
    zip: ZipWriter;
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
  // First, because what these files call a secret is looked for in all the others.
  const stack = sources.stack === undefined ? undefined : redactor.yaml(sources.stack);
  const scenario = redactor.yaml(sources.scenario);
  const record = recordOf(run, sources.events, redactor);
  const redacted = new Map<string, number>();
  for (const text of [stack ?? "", scenario, JSON.stringify(record)]) countPlaceholders(text, redacted);
  zip.add(runPath(run.id, RUN_FILES.run), `${JSON.stringify(record, null, 2)}\n`);
  zip.add(runPath(run.id, RUN_FILES.scenario), scenario);
  if (stack !== undefined) zip.add(runPath(run.id, RUN_FILES.stack), stack);

  const files = new RunFiles(record, zip);
  let seq = 0;
  for await (const raw of history.events(run.id)) {
    if (raw.seq !== ++seq) break;
    const { event, line } = redactor.event(raw);
    countPlaceholders(line, redacted);
    if (isTooDeep(event, line)) throw tooLarge(run, `its event ${seq} is nested more than ${DEPTH_LIMIT} deep`);
    if (line.length > limits.lineChars) throw tooLarge(run, `its event ${seq} has ${line.length} characters`);
    const isFull = files.take(event, line);
    if (isFull === undefined && seq % LOOK_EVERY !== 0) continue;
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
  parts.onEvents(seq);
  return { record, redacted };
}

/** What a bundle says of a run beside its events. */
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
    // As precise as the events are kept, so that an imported run is exported as it came.
    durationMs: Math.round(durationMs * 1000) / 1000,
    events,
  };
}

function tooLarge(run: StoredRun, why: string): LabError {
  return new LabError("bad-input", `run ${run.id} is too large for a bundle: ${why}`, {
    cure: "`resilience-lab history show RUN --reporter json` still has its report",
  });
}

/** The files of one run that are written while its events go by. */
class RunFiles {
  readonly #record: RunRecord;
  readonly #zip: ZipWriter;
  readonly #events: TextSink;
  readonly #decisions: TextSink;
  readonly #traceFile: TextSink;
  readonly #trace: OtlpTrace;
  readonly #logs: ServiceLogs;
  readonly #sketch: RunSketch;
  readonly #timeline: ReportTimeline;
  readonly #excerpt = new LogExcerpt();
  #decided = 0;

  constructor(record: RunRecord, zip: ZipWriter) {
    this.#record = record;
    this.#zip = zip;
    this.#events = zip.open(runPath(record.id, RUN_FILES.events));
    this.#decisions = zip.open(runPath(record.id, RUN_FILES.decisions));
    const traceFile = zip.open(runPath(record.id, RUN_FILES.trace));
    this.#traceFile = traceFile;
    this.#trace = new OtlpTrace(record, (text) => traceFile.write(text));
    this.#logs = new ServiceLogs(record.id, zip);
    this.#sketch = new RunSketch(record);
    this.#timeline = new ReportTimeline(record);
  }

  /** A promise to wait for when enough has come together to be written. */
  take(event: LabEvent, line: string): Promise<unknown> | undefined {
    this.#sketch.take(event);
    this.#timeline.take(event);
    let full = both(this.#events.write(`${line}\n`), this.#trace.take(event));
    if (event.type === "call.decided") {
      const { type: _type, runId: _runId, wallMs: _wallMs, ...row } = event;
      full = both(full, this.#decisions.write(`${this.#decided++ === 0 ? "[\n" : ",\n"}${JSON.stringify(row)}`));
    } else if (event.type === "service.log" || event.type === "service.logs-dropped") {
      full = both(full, this.#logs.take(event));
      this.#excerpt.take(event);
    }
    return full;
  }

  async end(): Promise<void> {
    await this.#events.end();
    await this.#decisions.write(this.#decided === 0 ? "[]\n" : "\n]\n");
    await this.#decisions.end();
    await this.#trace.end();
    await this.#traceFile.end();
    await this.#logs.end();
    const report = this.#sketch.report();
    this.#zip.add(runPath(this.#record.id, RUN_FILES.junit), render("junit", [report]));
    const page = renderReport({
      report,
      view: this.#sketch.view(),
      record: this.#record,
      timeline: this.#timeline,
      logs: this.#excerpt,
      decisions: this.#decided,
    });
    this.#zip.add(runPath(this.#record.id, RUN_FILES.report), page);
  }
}

/** Most events fill nothing, so that nothing is made for them. */
function both(one: Promise<unknown> | undefined, other: Promise<unknown> | undefined): Promise<unknown> | undefined {
  return one === undefined || other === undefined ? (one ?? other) : Promise.all([one, other]);
}
