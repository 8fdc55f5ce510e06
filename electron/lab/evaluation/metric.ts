import { basename, extname } from "node:path";
import { DEFAULT_THRESHOLD, type LIMIT_METRICS, METRICS, type SCORED_METRICS } from "../../model/evaluation.ts";
import { LabError } from "../lab-error.ts";
import type { Performance } from "./performance.ts";

/** A metric that a trace is evaluated by. */
export type Metric = ScoredMetric | CustomMetric | LimitMetric;

interface ScoredMetric {
  is: "trajectory" | "response";
  name: string;
  /** The least score that passes, 0 to 1. */
  threshold: number;
}

/** A person's own evaluator, as a process. */
interface CustomMetric {
  is: "custom";
  name: string;
  threshold: number;
  file: string;
}

/** What was measured is not to exceed a limit. */
interface LimitMetric {
  is: "limit";
  name: string;
  threshold: number;
  /** Undefined where the trace does not tell. */
  valueOf: (performance: Performance) => number | undefined;
}

const SCORED: Readonly<Record<(typeof SCORED_METRICS)[number], ScoredMetric["is"]>> = {
  tool_trajectory_avg_score: "trajectory",
  response_match_score: "response",
};

const LIMITS: Readonly<Record<(typeof LIMIT_METRICS)[number], LimitMetric["valueOf"]>> = {
  latency_ms: ({ latency }) => latency.overall?.max,
  input_tokens: ({ tokens }) => tokens?.input,
  output_tokens: ({ tokens }) => tokens?.output,
  total_tokens: ({ tokens }) => tokens?.total,
  llm_calls: ({ counts }) => counts.llmCalls,
  tool_calls: ({ counts }) => counts.toolCalls,
};

export function isLimitMetric(metric: Metric): metric is LimitMetric {
  return metric.is === "limit";
}

/**
 * @param named names of metrics, and files of a person's own evaluators
 * @param thresholds by name of a metric, and one for all others by an empty name
 * @throws LabError for an unknown metric, and for a threshold that its metric does not take
 */
export function readMetrics(named: readonly string[], thresholds: ReadonlyMap<string, number>): Metric[] {
  const metrics = named.map((given) => readMetric(given, thresholds));
  for (const name of thresholds.keys()) {
    if (name === "" || metrics.some((metric) => metric.name === name)) continue;
    throw new LabError("bad-input", `a threshold for ${name}, which is not among the metrics`, {
      hint: `the metrics are: ${metrics.map((metric) => metric.name).join(", ")}`,
    });
  }
  return metrics;
}

function readMetric(given: string, thresholds: ReadonlyMap<string, number>): Metric {
  const limited = (LIMITS as Readonly<Record<string, LimitMetric["valueOf"]>>)[given];
  if (limited !== undefined) {
    const threshold = thresholds.get(given);
    if (threshold !== undefined) return { is: "limit", name: given, threshold, valueOf: limited };
    throw new LabError("bad-input", `${given} needs its limit`, { hint: `for example --threshold ${given}=2000` });
  }
  const scored = (SCORED as Readonly<Record<string, ScoredMetric["is"]>>)[given];
  const isFile = scored === undefined && (extname(given) !== "" || given.includes("/"));
  if (scored === undefined && !isFile) {
    throw new LabError("bad-input", `there is no metric "${given}"`, {
      hint: `it is one of: ${METRICS.join(", ")}; or the file of an evaluator of your own`,
    });
  }
  const name = isFile ? basename(given, extname(given)) : given;
  const threshold = thresholds.get(name) ?? thresholds.get("") ?? DEFAULT_THRESHOLD;
  if (threshold < 0 || threshold > 1) {
    throw new LabError("bad-input", `the threshold of ${name} is ${threshold}`, { hint: "it is from 0 to 1" });
  }
  return scored === undefined ? { is: "custom", name, threshold, file: given } : { is: scored, name, threshold };
}
