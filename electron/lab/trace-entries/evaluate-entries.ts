import { randomUUID } from "node:crypto";
import { EVALUATION_SCENARIO_ID } from "../../contract/runs.ts";
import type { EvaluatedTrace } from "../../model/evaluation.ts";
import type { EventOf, LabEventBody, Outcome } from "../../model/lab-event.ts";
import { EVENT_VERSION } from "../../model/upgrade.ts";
import type { EvalSet } from "../evaluation/eval-set.ts";
import { type Evaluation, type EvaluationRequest, evaluateTrace, type MetricResult } from "../evaluation/evaluate.ts";
import { isLimitMetric, type Metric } from "../evaluation/metric.ts";
import type { RunStore } from "../history/run-store.ts";
import { Redactor } from "../redaction/redactor.ts";
import { LAB_VERSION } from "../version.ts";
import { tracesOfEntry } from "./entry-trace.ts";
import { eventsOf } from "./store-trace.ts";

export interface EntryEvaluation extends EvaluationRequest {
  runIds: readonly string[];
}

/**
 * Evaluates traces and runs of the history, and keeps the result as an entry of its own: a step for each trace, whose
 * output is an {@link EvaluatedTrace}, and a check for each metric.
 * @throws LabError for a run that is in progress, was kept raw or does not exist
 */
export async function evaluateEntries(
  history: RunStore,
  { runIds, ...request }: EntryEvaluation,
): Promise<{ runId: string; outcome: Outcome }> {
  const startedWallMs = Date.now();
  const startedMs = performance.now();
  const evaluated: EvaluatedTrace[] = [];
  for (const runId of new Set(runIds)) {
    const entry = await tracesOfEntry(history, runId, request.signal);
    for (const trace of entry.traces) evaluated.push(shown(entry, await evaluateTrace(trace, request)));
  }
  const durationMs = performance.now() - startedMs;
  const redactor = new Redactor();
  const title = redactor.text(titleOf(evaluated, request.evalSet));
  const { outcome, reason } = resultOf(evaluated);
  const runId = randomUUID();
  const events = eventsOf({ runId, startedWallMs, durationMs }, [
    {
      type: "run.started",
      eventVersion: EVENT_VERSION,
      scenario: { id: EVALUATION_SCENARIO_ID, title, patterns: [] },
      driver: "process",
      without: [],
      services: [],
      labVersion: LAB_VERSION,
    },
    ...evaluated.flatMap((each, at) => bodiesOf(each, `trace ${at + 1}`, request.metrics)),
    { type: "run.ended", outcome, reason },
  ]).map((event) => redactor.event(event).event);
  await history.begin({
    id: runId,
    scenarioId: EVALUATION_SCENARIO_ID,
    scenarioTitle: title,
    scenarioSource: "",
    driver: "process",
    without: [],
    startedWallMs,
  });
  for (const event of events.slice(0, -1)) void history.append(event);
  await history.end(events.at(-1) as EventOf<"run.ended">);
  return { runId, outcome };
}

function shown(
  { runId, title }: { runId: string; title: string },
  { traceId, invocations, expected, warnings, metrics }: Evaluation,
): EvaluatedTrace {
  const bare = ({ name, arguments: given }: Evaluation["invocations"][number]["toolUses"][number]) => {
    return { name, arguments: { ...given } };
  };
  return {
    ...{ runId, title, traceId, warnings: [...warnings] },
    turns: invocations.map(({ id, userText, toolUses, finalResponse }) => {
      return { id, userText, toolUses: toolUses.map(bare), finalResponse };
    }),
    expected:
      expected?.map(({ id, userText, toolUses, finalResponse }) => {
        const uses = toolUses.map(({ name, arguments: given }) => ({ name, arguments: { ...given } }));
        return { id, userText, toolUses: uses, finalResponse: finalResponse ?? null };
      }) ?? null,
    metrics: metrics.map(({ metric, score, status, threshold, perInvocation, error }) => {
      return { metric, score, status, threshold, perInvocation: [...perInvocation], error: error ?? null };
    }),
  };
}

function bodiesOf(trace: EvaluatedTrace, step: string, metrics: readonly Metric[]): LabEventBody[] {
  return [
    { type: "step.started", step, kind: "evaluate", label: `evaluate ${trace.title}`, background: false },
    ...trace.metrics.map((result): LabEventBody => checkOf(result, trace, metrics)),
    ...trace.warnings.map((message): LabEventBody => ({ type: "warning", code: "evaluation", message })),
    { type: "step.ended", step, outcome: "ok", output: trace },
  ];
}

function checkOf(
  { metric, score, status, threshold, error }: EvaluatedTrace["metrics"][number],
  { title }: EvaluatedTrace,
  metrics: readonly Metric[],
): LabEventBody {
  const isLimit = metrics.some((each) => each.name === metric && isLimitMetric(each));
  return {
    type: "check.evaluated",
    check: `${metric} of ${title}`,
    passed: status === "passed",
    ...(status === "errored" ? { inconclusive: error ?? "it could not be evaluated" } : {}),
    expected: `${isLimit ? "at most" : "at least"} ${threshold}`,
    observed: [
      score === null ? "no score" : String(Math.round(score * 1e6) / 1e6),
      ...(error === null ? [] : [error]),
    ].join("; "),
  };
}

function titleOf(evaluated: readonly EvaluatedTrace[], evalSet: EvalSet | undefined): string {
  const what = evaluated.length === 1 ? (evaluated[0]?.title ?? "") : `${evaluated.length} traces`;
  return evalSet === undefined ? `Evaluation of ${what}` : `Evaluation of ${what} by ${evalSet.id}`;
}

/** Failed beats what could not be evaluated, which beats passed. Nothing evaluated is no pass. */
function resultOf(evaluated: readonly EvaluatedTrace[]): { outcome: Outcome; reason: string } {
  const statuses = evaluated.flatMap(({ metrics }) => metrics.map(({ status }) => status));
  const count = (wanted: MetricResult["status"]) => statuses.filter((status) => status === wanted).length;
  const reason = `${count("passed")} passed, ${count("failed")} failed, ${count("errored")} could not be evaluated`;
  if (count("failed") > 0) return { outcome: "failed", reason };
  const isWhole = statuses.length > 0 && count("errored") === 0;
  return { outcome: isWhole ? "passed" : "inconclusive", reason };
}
