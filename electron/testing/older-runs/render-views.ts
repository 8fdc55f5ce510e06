import { compareRuns } from "../../../renderer/runs/comparison.ts";
import { describeItem } from "../../../renderer/runs/describe-item.ts";
import { momentOf } from "../../../renderer/runs/moment.ts";
import { RunRecord } from "../../../renderer/state/run-record.ts";
import type { Lane } from "../../../renderer/timeline/lane.ts";
import { RunPrinter } from "../../hosts/terminal/run-printer.ts";
import { OtlpTrace } from "../../lab/bundles/otlp-trace.ts";
import { SummaryDraft } from "../../lab/bundles/viewer/summary-draft.ts";
import { render } from "../../lab/reports/formats.ts";
import { toReport } from "../../lab/reports/run-report.ts";
import { NO_ANNOTATIONS } from "../../model/annotations.ts";
import type { EventOf, LabEvent } from "../../model/lab-event.ts";
import { LANE_KINDS } from "../../model/lanes.ts";
import { RunModel } from "../../model/run-model.ts";
import { isOpen } from "../../model/span.ts";
import { SpanTracker } from "../../model/span-tracker.ts";
import { TONES } from "../../model/tone.ts";

const MOMENTS = 12;

/** All that anyone is shown of a run, as plain data. Nothing here knows what an event means. */
export async function renderViews(events: readonly LabEvent[]) {
  const [started, ended] = [events[0] as EventOf<"run.started">, events.at(-1) as EventOf<"run.ended">];
  const run = new RunRecord(started.runId);
  run.take(events, { lastSeq: events.length, savedSeq: events.length, unsaved: null });
  const { timeline } = run;
  const model = RunModel.of(events);
  const report = toReport(model);
  return {
    timeline: Object.fromEntries(
      LANE_KINDS.map((kind) => [kind, spansOf(timeline.lanes[kind])] as const)
        // A lane that came later than the recordings.
        .filter(([kind, lane]) => kind !== "links" || lane.spans.length > 0),
    ),
    errorSeqs: timeline.errorSeqs,
    instantsMs: timeline.instantsMs,
    selects: Object.fromEntries(
      events.map(({ seq }) => [seq, timeline.spanSeq(seq)]).filter(([seq, selected]) => seq !== selected),
    ),
    texts: events.map((event) => {
      const { kind, text, tone } = describeItem(event);
      return `${kind} | ${text} | ${tone}`;
    }),
    terminal: printed(events),
    report,
    junit: render("junit", [report]).split("\n"),
    markdown: render("markdown", [report]).split("\n"),
    ...(await exported(events, started, ended)),
    moments: Array.from({ length: MOMENTS }, (_, index) =>
      momentAt(run, Math.round((ended.atMs * index) / (MOMENTS - 1))),
    ),
    compared: compareRuns(model, new RunModel(), (ms) => `${Math.round(ms)}`),
  };
}

/** Each span as `[startMs, endMs, tone, row, seq, label]`. */
function spansOf(lane: Lane) {
  const { spans } = lane;
  return {
    rows: lane.rowTitles,
    spans: Array.from({ length: spans.length }, (_, index) => [
      spans.startAt(index),
      isOpen({ endMs: spans.endAt(index) }) ? "open" : spans.endAt(index),
      TONES[spans.tone[index] ?? 0],
      spans.row[index],
      spans.seq[index],
      lane
        .label(index)
        .map(({ text, tone }) => (tone === undefined ? text : `<${tone}>${text}`))
        .join(""),
    ]),
  };
}

function printed(events: readonly LabEvent[]): string[] {
  const lines: string[] = [];
  const printer = new RunPrinter(
    (line) => lines.push(line),
    (style, text) => `<${[style].flat().join(" ")}>${text}</>`,
  );
  for (const event of events) printer.take(event);
  return lines;
}

async function exported(
  events: readonly LabEvent[],
  { runId, scenario, driver, without, wallMs, atMs }: EventOf<"run.started">,
  { outcome, reason, atMs: endedMs }: EventOf<"run.ended">,
) {
  const record = {
    id: runId,
    scenarioId: scenario.id,
    scenarioTitle: scenario.title,
    driver,
    without,
    outcome,
    reason,
    startedWallMs: Math.round(wallMs - atMs),
    durationMs: Math.round(endedMs * 1000) / 1000,
    events: events.length,
  };
  let text = "";
  const trace = new OtlpTrace(record, (part) => {
    text += part;
    return undefined;
  });
  const traced = new SpanTracker(trace);
  const draft = new SummaryDraft(record, NO_ANNOTATIONS);
  const drafted = new SpanTracker(draft);
  for (const event of events) {
    traced.take(event);
    drafted.take(event);
  }
  await trace.end(traced);
  const html = draft.summary().split("\n");
  return { otlp: JSON.parse(text) as unknown, html };
}

function momentAt(run: RunRecord, ms: number) {
  const view = run.viewAt(ms);
  const { phase, steps, health, faults, waiting } = momentOf(view);
  return {
    ms,
    seq: view.seq,
    phase: phase ?? null,
    steps: steps.map(({ name }) => name),
    health,
    faults: faults.map(({ name }) => name),
    waiting,
    decisions: view.decisions.length,
    checks: view.checks.length,
    calls: view.calls.map(
      ({ name, attributes }) => `${name} ${attributes.decisions.map(({ event }) => event.decision)}`,
    ),
    ended: view.ended?.outcome ?? null,
  };
}
