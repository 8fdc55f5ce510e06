import { escapeUnseen, visibleLine } from "../../model/visible-text.ts";
import type { Evaluation, MetricResult } from "../evaluation/evaluate.ts";
import { xml } from "./formats.ts";

export const EVALUATION_FORMATS = ["table", "json", "junit"] as const;
export type EvaluationFormat = (typeof EVALUATION_FORMATS)[number];

/** The evaluations of one file; a file that could not be read has an error and no evaluations. */
export interface EvaluatedFile {
  file: string;
  evaluations: readonly Evaluation[];
  /** Spans and lines that could not be read. */
  problems: readonly string[];
  error?: string;
}

/** Every trace was read whole and evaluated, and every metric passed. A file without traces is not green. */
export function isGreen(files: readonly EvaluatedFile[]): boolean {
  return files.every(
    ({ error, problems, evaluations }) =>
      error === undefined &&
      problems.length === 0 &&
      evaluations.length > 0 &&
      evaluations.every(({ metrics }) => metrics.every(({ status }) => status === "passed")),
  );
}

export function renderEvaluations(format: EvaluationFormat, files: readonly EvaluatedFile[]): string {
  return { table: toTable, json: toJson, junit: toJUnit }[format](files);
}

function toTable(files: readonly EvaluatedFile[]): string {
  const lines = files.flatMap(({ file, evaluations, problems, error }) => [
    visibleLine(file),
    ...(error === undefined ? [] : [`  error: ${visibleLine(error)}`]),
    ...problems.map((problem) => `  not read: ${visibleLine(problem)}`),
    ...evaluations.flatMap(linesOf),
  ]);
  const counts = countsOf(files);
  return `${lines.join("\n")}\n${counts.passed} passed, ${counts.failed} failed, ${counts.errored} errored\n`;
}

function linesOf({ traceId, invocations, warnings, metrics, performance }: Evaluation): string[] {
  const { tokens, latency, counts } = performance;
  const time = latency.overall === null ? "no time" : `${Math.round(latency.overall.max)} ms`;
  const turns = `${invocations.length} ${invocations.length === 1 ? "turn" : "turns"}`;
  return [
    `  trace ${traceId}: ${turns}, ${counts.toolCalls} tool calls, ${tokens === null ? "unknown" : tokens.total} tokens, ${time}`,
    ...warnings.map((warning) => `    warning: ${visibleLine(warning)}`),
    ...metrics.flatMap((result) => [`    ${lineOf(result)}`, ...reasonsOf(result).map((line) => `      ${line}`)]),
  ];
}

function lineOf({ metric, status, score, threshold }: MetricResult): string {
  const shown = score === null ? "-" : Number.isInteger(score) ? String(score) : score.toFixed(6);
  return `${status.padEnd(7)}  ${metric.padEnd(26)}  ${shown} (threshold ${threshold})`;
}

function reasonsOf({ error, comparisons = [] }: MetricResult): string[] {
  const differences = comparisons.flatMap(({ matched, invocationId, difference }) =>
    matched ? [] : [`turn ${invocationId}: ${difference}`],
  );
  return [...(error === undefined ? [] : [error]), ...differences].map(visibleLine);
}

const STATUS_NAMES = { passed: "PASSED", failed: "FAILED", errored: "ERROR" } as const;

/** In the field names of agentevals' JSON, so that what reads that reads this. */
function toJson(files: readonly EvaluatedFile[]): string {
  const traces = files.flatMap(({ file, evaluations }) =>
    evaluations.map(({ traceId, invocations, warnings, metrics, performance }) => ({
      file,
      trace_id: traceId,
      num_invocations: invocations.length,
      conversion_warnings: warnings,
      metrics: metrics.map((result) => ({
        metric_name: result.metric,
        score: result.score,
        eval_status: STATUS_NAMES[result.status],
        threshold: result.threshold,
        per_invocation_scores: result.perInvocation,
        duration_ms: result.durationMs,
        error: result.error ?? null,
        ...(result.comparisons === undefined && result.details === undefined
          ? {}
          : {
              details: {
                ...result.details,
                ...(result.comparisons && { comparisons: result.comparisons.map(toWire) }),
              },
            }),
      })),
      performance_metrics: {
        latency: {
          overall: performance.latency.overall,
          llm_calls: performance.latency.llmCalls,
          tool_executions: performance.latency.toolExecutions,
        },
        tokens: performance.tokens,
        counts: {
          invocations: performance.counts.invocations,
          llm_calls: performance.counts.llmCalls,
          tool_calls: performance.counts.toolCalls,
        },
        models: performance.models,
        tool_names: performance.toolNames,
      },
    })),
  );
  const errors = files.flatMap(({ file, error, problems }) =>
    [...(error === undefined ? [] : [error]), ...problems].map((text) => `${file}: ${text}`),
  );
  return `${escapeUnseen(JSON.stringify({ counts: countsOf(files), traces, errors }, null, 2))}\n`;
}

function toWire({
  invocationId,
  expected,
  actual,
  matched,
  difference,
}: NonNullable<MetricResult["comparisons"]>[number]) {
  const uses = (list: typeof expected) => list.map(({ name, arguments: args }) => ({ name, args }));
  return { invocation_id: invocationId, expected: uses(expected), actual: uses(actual), matched, difference };
}

/** A testcase for each metric of each trace, and one for each file that could not be read, or not all of it. */
function toJUnit(files: readonly EvaluatedFile[]): string {
  const { passed, failed, errored: unmeasured } = countsOf(files);
  const errored = unmeasured + files.filter(({ error, problems }) => error === undefined && problems.length > 0).length;
  const cases = files.flatMap(({ file, evaluations, problems, error }) => {
    const unread = [...(error === undefined ? [] : [error]), ...problems].join("; ");
    const name = error === undefined ? "reads all of the file" : "reads the file";
    return [
      ...(unread === "" ? [] : [testcase(file, name, 0, `<error message="${xml(unread)}"/>`)]),
      ...evaluations.flatMap(({ traceId, metrics }) => metrics.map((result) => caseOf(file, traceId, result))),
    ];
  });
  const counts = `tests="${passed + failed + errored}" failures="${failed}" errors="${errored}"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites ${counts}>`,
    `  <testsuite name="resilience-lab evaluate" ${counts}>`,
    ...cases,
    "  </testsuite>",
    "</testsuites>",
    "",
  ].join("\n");
}

function caseOf(file: string, traceId: string, result: MetricResult): string {
  const reasons = reasonsOf(result);
  const message = xml([`score ${result.score ?? "unknown"}, threshold ${result.threshold}`, ...reasons].join("; "));
  const problem = { passed: "", failed: `<failure message="${message}"/>`, errored: `<error message="${message}"/>` };
  return testcase(file, `${traceId} ${result.metric}`, result.durationMs, problem[result.status]);
}

function testcase(file: string, name: string, ms: number, content: string): string {
  return `    <testcase classname="${xml(file)}" name="${xml(name)}" time="${(ms / 1000).toFixed(3)}">${content}</testcase>`;
}

function countsOf(files: readonly EvaluatedFile[]) {
  const statuses = files.flatMap(({ evaluations }) =>
    evaluations.flatMap(({ metrics }) => metrics.map(({ status }) => status)),
  );
  const count = (wanted: MetricResult["status"]) => statuses.filter((status) => status === wanted).length;
  const unread = files.filter(({ error }) => error !== undefined).length;
  return { passed: count("passed"), failed: count("failed"), errored: count("errored") + unread };
}
