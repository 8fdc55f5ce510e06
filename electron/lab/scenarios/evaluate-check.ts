import { isScored } from "../../model/evaluation.ts";
import { turnsOf } from "../../model/run-turns.ts";
import type { RunView } from "../../model/run-view.ts";
import { evalSetOf } from "../evaluation/eval-set.ts";
import { evaluateConverted } from "../evaluation/evaluate.ts";
import { argumentsOf } from "../evaluation/json-text.ts";
import { readMetrics } from "../evaluation/metric.ts";
import { inconclusive } from "./certainty.ts";
import type { CheckOf } from "./check-schema.ts";
import { type Verdict, verdict } from "./checks.ts";

/** Evaluates the turns of the run's agent so far, as `resilience-lab evaluate` does those of a trace. */
export async function evaluateCheck(
  { evaluate: { metric, threshold, match = "EXACT", expected } }: CheckOf<"evaluate">,
  view: RunView,
  signal: AbortSignal,
): Promise<Verdict> {
  const invocations = turnsOf(view).map(({ id, asked, toolUses, answer, startMs, endMs, hasEnded }) => ({
    ...{ id, userText: asked, finalResponse: answer, hasEnded, tokens: undefined },
    toolUses: toolUses.map((use) => {
      return { name: use.name, arguments: argumentsOf(use.arguments), id: undefined, response: undefined };
    }),
    startUs: startMs * 1_000,
    endUs: endMs * 1_000,
  }));
  const thresholds = new Map(threshold === undefined ? [] : [[metric, threshold] as const]);
  const evaluation = await evaluateConverted(
    { traceId: view.runId, spans: [], invocations, warnings: [] },
    {
      ...{ match, signal },
      metrics: readMetrics([metric], thresholds),
      evalSet: expected === undefined ? undefined : evalSetOf(expected),
    },
  );
  const [result] = evaluation.metrics;
  const wanted = `${isScored(metric) ? "at least" : "at most"} ${result?.threshold ?? threshold}`;
  const differences = result?.comparisons?.flatMap(({ difference }) => (difference === "" ? [] : [difference])) ?? [];
  const score = result?.score == null ? "no score" : String(Math.round(result.score * 1e6) / 1e6);
  const reasons = [...differences, ...(result?.error === undefined ? [] : [result.error]), ...evaluation.warnings];
  const observed = [score, ...reasons].join("; ");
  const seen = verdict(`evaluate ${metric}`, result?.status === "passed", wanted, observed);
  return result?.status === "errored" ? inconclusive(seen, result.error ?? "it could not be evaluated") : seen;
}
