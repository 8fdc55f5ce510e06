import { createHash } from "node:crypto";
import type { QueueResult } from "../history/queue-store.ts";

export type ResultStatus = "passed" | "failed" | "errored" | "skipped";

export interface RunResultBody {
  evaluatorType: "builtin" | "check" | "outcome";
  status: ResultStatus;
  /** 0 to 1, or the value of a metric with a limit. */
  score: number | null;
  perInvocationScores: (number | null)[];
  traceId: string | null;
  details: unknown;
  errorText: string | null;
  latencyMs: number | null;
}

/** The same for every attempt, so that a repeat overwrites. */
export function resultId(runId: string, item: string, evaluator: string): string {
  return createHash("sha256").update(`${runId.toLowerCase()}|${item}|${evaluator}`).digest("hex");
}

/** An evaluator that is named twice for an item keeps both results: the later name gets a number. */
export function toResults(
  runId: string,
  item: string,
  given: readonly { evaluator: string; body: RunResultBody }[],
): QueueResult[] {
  const seen = new Map<string, number>();
  return given.map(({ evaluator, body }) => {
    const times = (seen.get(evaluator) ?? 0) + 1;
    seen.set(evaluator, times);
    const named = times === 1 ? evaluator : `${evaluator} #${times}`;
    return { resultId: resultId(runId, item, named), item, evaluator: named, body };
  });
}

export interface RunSummary {
  trace_count: number;
  result_counts: Record<ResultStatus, number>;
  errors: string[];
  performance_metrics: unknown;
}

export function summaryOf(
  results: readonly QueueResult[],
  more: Pick<RunSummary, "trace_count" | "errors"> & { performance?: unknown },
): RunSummary {
  const result_counts = { passed: 0, failed: 0, errored: 0, skipped: 0 };
  for (const { body } of results) result_counts[(body as RunResultBody).status]++;
  const { trace_count, errors, performance = null } = more;
  return { trace_count, result_counts, errors, performance_metrics: performance };
}
