import { kindOfRun } from "../../contract/runs.ts";
import { endedRuns } from "../bundles/export-bundle.ts";
import { receivedSpans, redactedEvents, tracesOf } from "../exports/export-run-file.ts";
import type { RunStore } from "../history/run-store.ts";
import { Redactor } from "../redaction/redactor.ts";
import type { Trace } from "../trace-files/trace.ts";

export interface EntryTraces {
  runId: string;
  title: string;
  traces: readonly Trace[];
}

/**
 * The traces of an entry of the history: those of a trace file as they are; those of a run as one, since its turns are one
 * conversation.
 * @throws LabError for a run that is in progress, was kept raw or does not exist
 */
export async function tracesOfEntry(history: RunStore, runId: string, signal: AbortSignal): Promise<EntryTraces> {
  const [run] = await endedRuns(history, [runId]);
  if (run === undefined) return { runId, title: "", traces: [] };
  const title = run.scenarioTitle;
  if (kindOfRun(run.scenarioId) === "trace") {
    const spans = await receivedSpans(history, run.id);
    const byTrace = Map.groupBy(spans, ({ traceId }) => traceId);
    return { runId: run.id, title, traces: [...byTrace].map(([traceId, its]) => ({ traceId, spans: its })) };
  }
  const redactor = new Redactor();
  const events = await redactedEvents(history, run, redactor, signal);
  const traces = await tracesOf(history, run, events, redactor);
  const spans = traces.flatMap((trace) => trace.spans).sort((one, other) => one.startUs - other.startUs);
  return { runId: run.id, title, traces: [{ traceId: run.id, spans }] };
}
