import { isDeepStrictEqual } from "node:util";
import type { Trace, TraceSpan } from "../trace-files/trace.ts";
import { treeOf } from "../trace-files/trace-tree.ts";
import { adkInvocations, isAdk } from "./adk-invocations.ts";
import { genAiInvocations, isGenAi } from "./genai-invocations.ts";
import type { ConvertedTrace } from "./invocation.ts";

/** The turns of a trace, by the Agent Development Kit's conventions where it has spans of it, else by OpenTelemetry's. */
export function convertTrace(trace: Trace): ConvertedTrace {
  const { traceId } = trace;
  const spans = onceEach(trace.spans);
  const tree = treeOf({ traceId, spans });
  const warnings = [...tree.problems];
  const repeated = trace.spans.length - spans.length;
  if (repeated > 0) {
    warnings.push(
      `trace ${traceId}: ${repeated} ${repeated === 1 ? "span is" : "spans are"} in it twice and counted once`,
    );
  }
  const convert = spans.some(isAdk) ? adkInvocations : genAiInvocations;
  const invocations = convert(tree, spans, warnings);
  if (invocations.length === 0) {
    const why = spans.some(isGenAi) ? "no call of a model by an agent" : "no span by the conventions for agents";
    warnings.push(`trace ${traceId}: no turn of an agent in it: ${why}`);
  }
  for (const { name, attributes } of OTHER_CONVENTIONS) {
    const its = spans.filter((span) => attributes.some((attribute) => attribute in span.attributes)).length;
    if (its === 0) continue;
    const what = `${its} ${its === 1 ? "span has" : "spans have"} the attributes of ${name}`;
    warnings.push(`trace ${traceId}: ${what}, of which no turn is read: record those of OpenTelemetry (gen_ai.*)`);
  }
  return { traceId, spans, invocations, warnings };
}

/** Without what an exporter sent again, or a query found twice. Spans that differ and share an id are kept. */
function onceEach(spans: readonly TraceSpan[]): TraceSpan[] {
  const known = new Map<string, TraceSpan>();
  return spans.filter((span) => {
    const first = known.get(span.spanId);
    known.set(span.spanId, first ?? span);
    return first === undefined || !isDeepStrictEqual(first, span);
  });
}

/** Conventions that tell turns in attributes of their own. */
const OTHER_CONVENTIONS = [
  { name: "OpenInference", attributes: ["openinference.span.kind"] },
  { name: "Vercel's AI SDK", attributes: ["ai.toolCall.name", "ai.prompt.messages"] },
] as const;
