import type { Trace } from "../trace-files/trace.ts";
import { treeOf } from "../trace-files/trace-tree.ts";
import { adkInvocations, isAdk } from "./adk-invocations.ts";
import { genAiInvocations, isGenAi } from "./genai-invocations.ts";
import type { ConvertedTrace } from "./invocation.ts";

/** The turns of a trace, by the Agent Development Kit's conventions where it has spans of it, else by OpenTelemetry's. */
export function convertTrace(trace: Trace): ConvertedTrace {
  const { traceId, spans } = trace;
  const tree = treeOf(trace);
  const warnings = [...tree.problems];
  const convert = spans.some(isAdk) ? adkInvocations : genAiInvocations;
  const invocations = convert(tree, spans, warnings);
  if (invocations.length === 0) {
    const why = spans.some(isGenAi) ? "no call of a model by an agent" : "no span by the conventions for agents";
    warnings.push(`trace ${traceId}: no turn of an agent in it: ${why}`);
  }
  return { traceId, invocations, warnings };
}
