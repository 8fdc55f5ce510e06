import type { TraceSpan } from "../trace-files/trace.ts";
import { isModelCall } from "./genai-invocations.ts";
import type { ConvertedTrace, Invocation } from "./invocation.ts";

/** Milliseconds. */
export interface LatencySummary {
  min: number;
  median: number;
  max: number;
  count: number;
  p50: number;
  p95: number;
  p99: number;
}

export interface Performance {
  latency: { overall: LatencySummary | null; llmCalls: LatencySummary | null; toolExecutions: LatencySummary | null };
  /** Null where a turn does not tell. */
  tokens: { input: number; output: number; total: number } | null;
  counts: { invocations: number; llmCalls: number; toolCalls: number };
  models: readonly string[];
  toolNames: readonly string[];
}

export function performanceOf({ spans, invocations }: ConvertedTrace): Performance {
  const modelCalls = spans.filter(({ name }) => name.startsWith("call_llm"));
  const llm = modelCalls.length > 0 ? modelCalls : spans.filter(isModelCall);
  const tools = spans.filter(({ name }) => name.startsWith("execute_tool"));
  const uses = invocations.flatMap(({ toolUses }) => toolUses);
  const models = llm.flatMap(({ attributes }) => attributes["gen_ai.request.model"] ?? []).map(String);
  return {
    latency: {
      overall: summaryOf(invocations.every(({ hasEnded }) => hasEnded) ? invocations.map(lastedMs) : []),
      llmCalls: summaryOf(llm.flatMap(durationMs)),
      toolExecutions: summaryOf(tools.flatMap(durationMs)),
    },
    tokens: tokensOf(invocations),
    counts: { invocations: invocations.length, llmCalls: llm.length, toolCalls: uses.length },
    models: [...new Set(models)],
    toolNames: [...new Set(uses.map(({ name }) => name))],
  };
}

function lastedMs({ startUs, endUs }: Invocation): number {
  return Math.max(0, endUs - startUs) / 1000;
}

function tokensOf(invocations: readonly Invocation[]): Performance["tokens"] {
  const known = invocations.flatMap(({ tokens }) => tokens ?? []);
  if (known.length < invocations.length) return null;
  const sum = (kind: "input" | "output") => known.reduce((total, tokens) => total + tokens[kind], 0);
  const [input, output] = [sum("input"), sum("output")];
  return { input, output, total: input + output };
}

function durationMs({ startUs, endUs }: TraceSpan): number[] {
  return endUs === undefined ? [] : [Math.max(0, endUs - startUs) / 1000];
}

/** Percentiles by rank: of n sorted values, the one at floor(n * p). Null without values. */
function summaryOf(values: readonly number[]): LatencySummary | null {
  const sorted = values.toSorted((one, other) => one - other);
  const { length } = sorted;
  if (length === 0) return null;
  const at = (share: number) => sorted[Math.min(length - 1, Math.floor(length * share))] ?? 0;
  const middle = Math.floor(length / 2);
  const median = length % 2 === 1 ? at(0.5) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
  return { min: at(0), median, max: at(1), count: length, p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}
