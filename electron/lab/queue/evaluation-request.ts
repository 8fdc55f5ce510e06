import { readEvalSet } from "../evaluation/eval-set.ts";
import type { EvaluationRequest } from "../evaluation/evaluate.ts";
import { readMetrics } from "../evaluation/metric.ts";
import type { EvalConfig } from "./run-spec.ts";

/** @throws LabError for a metric, threshold or eval set that cannot be used */
export function evaluationRequest(
  { metrics, threshold, thresholds, trajectoryMatchType }: EvalConfig,
  evalSet: unknown,
  signal: AbortSignal,
): EvaluationRequest {
  const all = threshold === undefined ? [] : [["", threshold] as const];
  return {
    metrics: readMetrics(metrics, new Map([...all, ...Object.entries(thresholds)])),
    match: trajectoryMatchType,
    evalSet: evalSet === null || evalSet === undefined ? undefined : readEvalSet(JSON.stringify(evalSet)),
    signal,
  };
}
