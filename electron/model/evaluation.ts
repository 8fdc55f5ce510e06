import { z } from "zod";

/** Metrics that compare a turn with an expected one; their threshold is the least score that passes, 0 to 1. */
export const SCORED_METRICS = ["tool_trajectory_avg_score", "response_match_score"] as const;
/** Metrics that are measured; their threshold is the most that passes, and has to be given. */
export const LIMIT_METRICS = [
  "latency_ms",
  "input_tokens",
  "output_tokens",
  "total_tokens",
  "llm_calls",
  "tool_calls",
] as const;
export const METRICS = [...SCORED_METRICS, ...LIMIT_METRICS] as const;
export type MetricName = (typeof METRICS)[number];
export const DEFAULT_THRESHOLD = 0.5;

/** How the tools that an agent used are compared with the expected ones. */
export const TRAJECTORY_MATCHES = ["EXACT", "IN_ORDER", "ANY_ORDER"] as const;

export function isScored(metric: MetricName): metric is (typeof SCORED_METRICS)[number] {
  return SCORED_METRICS.some((each) => each === metric);
}

const toolUse = z.object({ name: z.string(), arguments: z.record(z.string(), z.unknown()) });
const turn = z.object({
  id: z.string(),
  userText: z.string(),
  toolUses: z.array(toolUse),
  /** Empty where the agent gave none. */
  finalResponse: z.string(),
});
export type EvaluatedTurn = z.infer<typeof turn>;

const metricResult = z.object({
  metric: z.string(),
  /** Null when it could not be evaluated. */
  score: z.number().nullable(),
  status: z.enum(["passed", "failed", "errored"]),
  threshold: z.number(),
  /** One for each turn that was compared; null where it could not be. */
  perInvocation: z.array(z.number().nullable()),
  error: z.string().nullable(),
});
export type EvaluatedMetric = z.infer<typeof metricResult>;

/** One trace of an evaluation: what was expected beside what the agent did. The output of its step in the log. */
export const evaluatedTrace = z.object({
  /** Entry of the history that the trace is of. */
  runId: z.string(),
  title: z.string(),
  traceId: z.string(),
  turns: z.array(turn),
  /** Null where there is no eval set, or no case of it is like the trace. */
  expected: z.array(turn.extend({ finalResponse: z.string().nullable() })).nullable(),
  warnings: z.array(z.string()),
  metrics: z.array(metricResult),
});
export type EvaluatedTrace = z.infer<typeof evaluatedTrace>;

export type ToolUse = z.infer<typeof toolUse>;

/** The kinds in which two uses of a tool at the same place differ. */
export type UseDifference = "missing" | "unexpected" | "name" | readonly string[];

/** Undefined where they are equal; else what differs: of the same tool the names of the arguments. */
export function differenceOfUses(
  expected: ToolUse | undefined,
  actual: ToolUse | undefined,
): UseDifference | undefined {
  if (expected === undefined) return actual === undefined ? undefined : "unexpected";
  if (actual === undefined) return "missing";
  if (expected.name !== actual.name) return "name";
  const names = new Set([...Object.keys(expected.arguments), ...Object.keys(actual.arguments)]);
  const differing = [...names].filter((name) => !isEqual(expected.arguments[name], actual.arguments[name]));
  return differing.length === 0 ? undefined : differing;
}

/** Of values as JSON has them; the order of an object's fields is no difference. */
function isEqual(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true;
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) return false;
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  const [names, others] = [Object.keys(one), Object.keys(other)];
  return (
    names.length === others.length &&
    names.every((name) => isEqual((one as Record<string, unknown>)[name], (other as Record<string, unknown>)[name]))
  );
}
