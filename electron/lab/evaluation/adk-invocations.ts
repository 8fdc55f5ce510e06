import { isObject } from "../../model/json.ts";
import type { TraceSpan } from "../trace-files/trace.ts";
import type { TraceTree } from "../trace-files/trace-tree.ts";
import type { Invocation, ToolUse } from "./invocation.ts";
import { argumentsOf, parsed } from "./json-text.ts";
import { textOf, toolSpanUse } from "./tool-span.ts";
import { lastEnd, topmost } from "./topmost.ts";

const ADK = "gcp.vertex.agent";
const MARKERS = [
  "llm_request",
  "llm_response",
  "tool_call_args",
  "tool_response",
  "invocation_id",
  "session_id",
  "event_id",
];

/** Whether a span is from Google's Agent Development Kit. Some stores lose its scope: its own attributes tell as well. */
export function isAdk({ scope, attributes }: TraceSpan): boolean {
  return scope === ADK || attributes["gen_ai.system"] === ADK || MARKERS.some((name) => `${ADK}.${name}` in attributes);
}

/**
 * The turns of a trace of the Agent Development Kit: its topmost `invoke_agent` spans, since agents that an agent calls
 * work for the same turn. The text of a turn is what its first call of a model was given, its response what the last gave.
 */
export function adkInvocations(tree: TraceTree, spans: readonly TraceSpan[], warnings: string[]): Invocation[] {
  const around = withAncestors(tree, spans.filter(isAdk));
  const isInvocation = (span: TraceSpan) => span.name.startsWith("invoke_agent") && around.has(span);
  return topmost(tree, spans, isInvocation).flatMap((span) => {
    const below = tree.descendantsOf(span);
    const modelCalls = below.filter((each) => each.name.startsWith("call_llm") && isAdk(each));
    const [first, last] = [modelCalls[0], modelCalls.at(-1)];
    if (first === undefined || last === undefined) {
      warnings.push(`span ${span.spanId} (${span.name}): no call of a model below it`);
      return [];
    }
    const id = span.attributes[`${ADK}.invocation_id`] ?? first.attributes[`${ADK}.invocation_id`];
    return {
      id: typeof id === "string" ? id : span.spanId,
      userText: userTextOf(first),
      toolUses: toolUsesOf(below, modelCalls),
      finalResponse: responsePartsOf(last).map(textOf).filter(Boolean).join("\n"),
      tokens: tokensOf(modelCalls),
      hasEnded: span.endUs !== undefined,
      startUs: span.startUs,
      endUs: lastEnd(span, below),
    };
  });
}

function withAncestors(tree: TraceTree, spans: readonly TraceSpan[]): Set<TraceSpan> {
  const found = new Set<TraceSpan>();
  for (const span of spans) {
    for (let at: TraceSpan | undefined = span; at !== undefined && !found.has(at); at = tree.parentOf(at))
      found.add(at);
  }
  return found;
}

/** Of a request, which holds the whole conversation, the last text of the user. */
function userTextOf(modelCall: TraceSpan): string {
  const request = parsed(modelCall.attributes[`${ADK}.llm_request`]);
  const contents = isObject(request) && Array.isArray(request.contents) ? request.contents.filter(isObject) : [];
  const texts = contents
    .filter(({ role }) => role === "user")
    .map((content) => partsOf(content).map(textOf).filter(Boolean).join("\n"));
  return texts.findLast((text) => text !== "") ?? "";
}

function toolUsesOf(below: readonly TraceSpan[], modelCalls: readonly TraceSpan[]): ToolUse[] {
  const ofSpans = below
    .filter(({ name }) => name.startsWith("execute_tool"))
    .map((span) => toolSpanUse(span, `${ADK}.tool_call_args`, `${ADK}.tool_response`))
    // Calls that ran together have one more span for all of them.
    .filter((use) => use !== undefined && !use.name.startsWith("(merged"));
  if (ofSpans.length > 0) return ofSpans as ToolUse[];
  return modelCalls.flatMap((span) =>
    responsePartsOf(span).flatMap((part) => {
      const call = part.function_call ?? part.functionCall;
      if (!isObject(call)) return [];
      const id = typeof call.id === "string" ? call.id : undefined;
      return { name: String(call.name ?? ""), arguments: argumentsOf(call.args), id, response: undefined };
    }),
  );
}

function responsePartsOf(modelCall: TraceSpan): Record<string, unknown>[] {
  const response = parsed(modelCall.attributes[`${ADK}.llm_response`]);
  return isObject(response) && isObject(response.content) ? partsOf(response.content) : [];
}

function partsOf(content: Record<string, unknown>): Record<string, unknown>[] {
  return Array.isArray(content.parts) ? content.parts.filter(isObject) : [];
}

/** As attributes; older versions of the kit have them in the response alone. */
function tokensOf(modelCalls: readonly TraceSpan[]): Invocation["tokens"] {
  const known = (name: string, inResponse: string) =>
    modelCalls.flatMap(({ attributes }) => {
      const response = parsed(attributes[`${ADK}.llm_response`]);
      const usage = isObject(response) ? response.usage_metadata : undefined;
      return attributes[`gen_ai.usage.${name}`] ?? (isObject(usage) ? usage[inResponse] : undefined) ?? [];
    });
  const [input, output] = [
    known("input_tokens", "prompt_token_count"),
    known("output_tokens", "candidates_token_count"),
  ];
  if (input.length === 0 && output.length === 0) return undefined;
  const sum = (values: readonly unknown[]) => values.reduce((total: number, value) => total + (Number(value) || 0), 0);
  return { input: sum(input), output: sum(output) };
}
