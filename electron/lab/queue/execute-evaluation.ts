import { AbortScope } from "../abort-scope.ts";
import type { Evaluation, MetricResult } from "../evaluation/evaluate.ts";
import type { QueuedRun } from "../history/queue-store.ts";
import { LabError, messageOf } from "../lab-error.ts";
import { TRACE_FILE_LIMIT } from "../trace-files/read-trace-file.ts";
import type { AttemptContext, AttemptEnding } from "./attempt.ts";
import { evaluateOnThread } from "./evaluation-thread.ts";
import { type RunResultBody, summaryOf, toResults } from "./run-result.ts";
import type { EvaluationSpec } from "./run-spec.ts";
import { worstOf } from "./run-states.ts";
import { secretHeaders } from "./sinks.ts";

const FETCH_LIMIT_MS = 30_000;

/** Evaluates every trace of the target, and keeps the results of each before the next. */
export async function executeEvaluation(
  run: QueuedRun,
  spec: EvaluationSpec,
  { signal, putResults }: AttemptContext,
  environment: NodeJS.ProcessEnv,
): Promise<AttemptEnding> {
  const files = [{ bytes: await bytesOf(spec.target, signal, environment) }];
  const all: ReturnType<typeof toResults> = [];
  const { evaluations, problems } = await evaluateOnThread(
    { files, config: spec.evalConfig, evalSet: spec.evalSet },
    signal,
    async (evaluation) => {
      const { results } = evaluationResults(run.runId, [evaluation]);
      all.push(...results);
      await putResults(results);
    },
  );
  if (evaluations.length === 0) throw new LabError("bad-input", "there is no trace in it", { hint: problems[0] ?? "" });
  const { outcome, reason } = evaluationResults(run.runId, evaluations);
  const performance = evaluations.map(({ traceId, performance: measured }) => ({ traceId, ...measured }));
  return {
    outcome,
    reason,
    summary: summaryOf(all, { trace_count: evaluations.length, errors: [...problems], performance }),
  };
}

/** The results of evaluations, and how a run with these ends. */
export function evaluationResults(runId: string, evaluations: readonly Evaluation[]) {
  const results = evaluations.flatMap((evaluation) =>
    toResults(
      runId,
      evaluation.traceId,
      evaluation.metrics.map((metric) => toResult(metric, evaluation)),
    ),
  );
  const statuses = evaluations.flatMap(({ metrics }) => metrics.map(({ status }) => status));
  const outcome = worstOf(statuses.map((status) => (status === "errored" ? "inconclusive" : status)));
  const count = (wanted: string) => statuses.filter((status) => status === wanted).length;
  const reason = `${count("passed")} passed, ${count("failed")} failed, ${count("errored")} errored`;
  return { results, outcome, reason };
}

function toResult(
  { metric, status, score, perInvocation, comparisons, details, error, threshold, durationMs }: MetricResult,
  { traceId, warnings }: Evaluation,
): { evaluator: string; body: RunResultBody } {
  return {
    evaluator: metric,
    body: {
      evaluatorType: "builtin",
      status,
      score,
      perInvocationScores: [...perInvocation],
      traceId,
      details: { threshold, comparisons: comparisons ?? [], warnings, ...details },
      errorText: error ?? null,
      latencyMs: durationMs,
    },
  };
}

async function bytesOf(
  target: EvaluationSpec["target"],
  signal: AbortSignal,
  environment: NodeJS.ProcessEnv,
): Promise<Uint8Array> {
  if (target.kind === "inline") return Buffer.from(JSON.stringify(target.data));
  if (target.kind === "uploaded") throw new LabError("bad-input", "uploaded traces cannot be evaluated again");
  const url = new URL(target.traceId, target.baseUrl.endsWith("/") ? target.baseUrl : `${target.baseUrl}/`);
  const scope = new AbortScope(signal, FETCH_LIMIT_MS);
  try {
    const headers = secretHeaders(target.headersFromEnv, environment);
    const response = await fetch(url, { headers, redirect: "error", signal: scope.signal });
    if (!response.ok) throw new Error(`it answered ${response.status}`);
    return await readLimited(response);
  } catch (error) {
    signal.throwIfAborted();
    throw new LabError(
      "unreachable",
      `the trace ${target.traceId} cannot be read from ${url.host}: ${messageOf(error)}`,
      {
        cause: error,
      },
    );
  } finally {
    scope.end();
  }
}

async function readLimited(response: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > TRACE_FILE_LIMIT) throw new Error(`it is larger than ${TRACE_FILE_LIMIT} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
