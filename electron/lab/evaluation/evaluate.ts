import { messageOf } from "../lab-error.ts";
import type { Trace } from "../trace-files/trace.ts";
import { convertTrace } from "./convert-trace.ts";
import { runCustomEvaluator } from "./custom-evaluator.ts";
import { chooseCase, type EvalSet, type ExpectedTurn } from "./eval-set.ts";
import type { ConvertedTrace, Invocation } from "./invocation.ts";
import { isLimitMetric, type Metric } from "./metric.ts";
import { type Performance, performanceOf } from "./performance.ts";
import { responseMatch } from "./response-match.ts";
import { compareTrajectory, type TrajectoryComparison, type TrajectoryMatch } from "./tool-trajectory.ts";

export type EvaluationStatus = "passed" | "failed" | "errored";

export interface MetricResult {
  metric: string;
  /** 0 to 1, or the measured value of a metric with a limit; null when it could not be evaluated. */
  score: number | null;
  status: EvaluationStatus;
  threshold: number;
  /** One for each turn that was compared. */
  perInvocation: readonly (number | null)[];
  /** What was compared with what; for the trajectory alone. */
  comparisons?: readonly TrajectoryComparison[];
  /** What a person's own evaluator says besides. */
  details?: Readonly<Record<string, unknown>>;
  /** Why it could not be evaluated, or not all of it. */
  error?: string;
  durationMs: number;
}

/** Of one trace. */
export interface Evaluation {
  traceId: string;
  invocations: readonly Invocation[];
  /** Of the case that it was compared with; undefined without one. */
  expected: readonly ExpectedTurn[] | undefined;
  warnings: readonly string[];
  metrics: readonly MetricResult[];
  performance: Performance;
}

export interface EvaluationRequest {
  metrics: readonly Metric[];
  match: TrajectoryMatch;
  evalSet: EvalSet | undefined;
  signal: AbortSignal;
}

/** Evaluates one trace by each metric. An evaluator that fails is an errored metric and does not affect the others. */
export async function evaluateTrace(trace: Trace, request: EvaluationRequest): Promise<Evaluation> {
  return evaluateConverted(convertTrace(trace), request);
}

/** @param converted the turns of a trace */
export async function evaluateConverted(converted: ConvertedTrace, request: EvaluationRequest): Promise<Evaluation> {
  const performance = performanceOf(converted);
  const warnings = [...converted.warnings];
  const expected = expectedTurns(request.evalSet, converted, warnings);
  const metrics: MetricResult[] = [];
  for (const metric of request.metrics) {
    const startedMs = globalThis.performance.now();
    const result = await evaluateMetric(metric, { converted, performance, expected, request }).catch(
      (error: unknown): Unmeasured => {
        request.signal.throwIfAborted();
        return { score: null, status: "errored", perInvocation: [], error: messageOf(error) };
      },
    );
    const durationMs = globalThis.performance.now() - startedMs;
    metrics.push({ metric: metric.name, threshold: metric.threshold, durationMs, ...result });
  }
  const { traceId, invocations } = converted;
  const turns = "turns" in expected ? expected.turns : undefined;
  return { traceId, invocations, expected: turns, warnings, metrics, performance };
}

const NO_TURN = "no turn of an agent was found in the trace";

type Unmeasured = Omit<MetricResult, "metric" | "threshold" | "durationMs">;

/** The turns of the case that the trace is compared with, or why there are none. */
type Expected = { turns: readonly ExpectedTurn[] } | { missing: string };

interface Subject {
  converted: ConvertedTrace;
  performance: Performance;
  expected: Expected;
  request: EvaluationRequest;
}

function expectedTurns(evalSet: EvalSet | undefined, { invocations }: ConvertedTrace, warnings: string[]): Expected {
  if (evalSet === undefined) return { missing: "it needs an eval set with the expected turns" };
  if (invocations.length === 0) return { missing: NO_TURN };
  const chosen = chooseCase(evalSet, invocations);
  if (chosen.is === "none") return { missing: chosen.reason };
  if (chosen.warning !== undefined) warnings.push(chosen.warning);
  return { turns: chosen.case.turns };
}

async function evaluateMetric(
  metric: Metric,
  { converted, performance, expected, request }: Subject,
): Promise<Unmeasured> {
  const { invocations } = converted;
  if (invocations.length === 0) throw new Error(NO_TURN);
  if (isLimitMetric(metric)) {
    const value = metric.valueOf(performance);
    if (value === undefined)
      throw new Error("the trace does not tell: a turn has not ended, or no call of a model counts");
    return { score: value, status: value <= metric.threshold ? "passed" : "failed", perInvocation: [] };
  }
  if (metric.is === "custom") {
    const turns = "turns" in expected ? expected.turns : undefined;
    const input = { metric: metric.name, threshold: metric.threshold, invocations, expected: turns };
    const { score, status, perInvocation, details } = await runCustomEvaluator(metric.file, input, request.signal);
    if (status === "NOT_EVALUATED") throw new Error("the evaluator says that it could not evaluate it");
    const isPassed = status === undefined ? score >= metric.threshold : status === "PASSED";
    return {
      score,
      status: isPassed ? "passed" : "failed",
      perInvocation,
      ...(details === undefined ? {} : { details }),
    };
  }
  if ("missing" in expected) throw new Error(expected.missing);
  const pairs = expected.turns.flatMap((turn, at) => {
    const invocation = invocations[at];
    return invocation === undefined ? [] : [[turn, invocation] as const];
  });
  const comparisons = metric.is === "trajectory" ? compareTrajectory(pairs, request.match) : undefined;
  const perInvocation = comparisons?.map(({ matched }) => (matched ? 1 : 0)) ?? pairs.map(scoreOfResponse);
  const score = perInvocation.reduce((sum, each) => sum + each, 0) / pairs.length;
  const compared = { score, perInvocation, ...(comparisons === undefined ? {} : { comparisons }) };
  if (expected.turns.length === invocations.length) {
    return { ...compared, status: score >= metric.threshold ? "passed" : "failed" };
  }
  // The score is that of the turns which both have; what was not compared is no pass.
  const counts = `${invocations.length} turns in the trace, ${expected.turns.length} expected`;
  return { ...compared, status: "failed", error: `${counts}: ${pairs.length} compared` };
}

function scoreOfResponse([{ finalResponse }, invocation]: readonly [ExpectedTurn, Invocation]): number {
  return responseMatch(finalResponse ?? "", invocation.finalResponse);
}
