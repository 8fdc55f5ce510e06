import type { TraceSpan } from "../trace-files/trace.ts";
import type { TraceTree } from "../trace-files/trace-tree.ts";
import type { Invocation, ToolUse } from "./invocation.ts";
import { inputMessages, type MessageToolCall, outputMessages } from "./messages.ts";
import { toolSpanUse } from "./tool-span.ts";
import { topmost } from "./topmost.ts";

const MODEL_OPERATIONS = ["chat", "text_completion", "generate_content"];

function operationOf({ attributes }: TraceSpan): unknown {
  return attributes["gen_ai.operation.name"];
}

function isAgent(span: TraceSpan): boolean {
  return operationOf(span) === "invoke_agent" || span.name.startsWith("invoke_agent");
}

function isToolCall({ name, attributes }: TraceSpan): boolean {
  return (
    attributes["gen_ai.operation.name"] === "execute_tool" ||
    attributes["mcp.method.name"] === "tools/call" ||
    (attributes["gen_ai.tool.name"] !== undefined && attributes["gen_ai.request.model"] === undefined) ||
    name.startsWith("execute_tool ")
  );
}

export function isModelCall(span: TraceSpan): boolean {
  if (isAgent(span) || isToolCall(span)) return false;
  const { attributes } = span;
  return (
    MODEL_OPERATIONS.includes(String(operationOf(span))) ||
    attributes["gen_ai.request.model"] !== undefined ||
    attributes["gen_ai.input.messages"] !== undefined
  );
}

/** Whether a trace says anything by OpenTelemetry's conventions for generative AI. */
export function isGenAi(span: TraceSpan): boolean {
  return isAgent(span) || isModelCall(span) || isToolCall(span);
}

/**
 * The turns of a trace by OpenTelemetry's conventions: its topmost agents, or, without any, its roots with calls of a
 * model. Calls in a row that were given the same text of the user are one turn, whose history grows.
 */
export function genAiInvocations(tree: TraceTree, spans: readonly TraceSpan[], warnings: string[]): Invocation[] {
  const agents = topmost(tree, spans, isAgent);
  const withModel = tree.roots.filter((root) => isModelCall(root) || tree.descendantsOf(root).some(isModelCall));
  const starts = agents.length > 0 ? agents : withModel;
  const turns = starts.flatMap((start) => turnOf(tree, start) ?? noModel(start, warnings));
  const strays = strayToolCalls(tree, spans, starts);
  const merged = mergeSameText(turns);
  for (const span of strays) {
    const use = toolSpanUse(span);
    // A server that lost the context of its caller: the turn that it happened in is known by time.
    const turn = merged.find(
      ({ invocation }) => invocation.startUs <= span.startUs && span.startUs <= invocation.endUs,
    );
    if (use === undefined || turn === undefined) continue;
    if (turn.invocation.toolUses.some((each) => isSameCall(each, use))) continue;
    turn.invocation.toolUses = [...turn.invocation.toolUses, use];
    warnings.push(`span ${span.spanId} (${span.name}): its caller is not in the trace; counted by its time`);
  }
  return merged.map(({ invocation }) => invocation);
}

interface Turn {
  invocation: Invocation & { toolUses: readonly ToolUse[] };
}

function noModel(start: TraceSpan, warnings: string[]): Turn[] {
  warnings.push(`span ${start.spanId} (${start.name}): no call of a model below it`);
  return [];
}

function turnOf(tree: TraceTree, start: TraceSpan): Turn | undefined {
  const all = [start, ...tree.descendantsOf(start)];
  // Libraries that call each other have a span each for the same call.
  const modelCalls = topmost(tree, all, isModelCall);
  // An agent's own span may say what it was asked and answered, where its calls of a model are not in the trace.
  if (modelCalls.length === 0 && userTextOf(start) === "") return undefined;
  const withInner = (span: TraceSpan) => [span, ...tree.descendantsOf(span).filter(isModelCall)];
  const asked = modelCalls.flatMap((span) => withInner(span).map(userTextOf)).find((text) => text !== "");
  const answered = modelCalls.flatMap((span) => withInner(span).map(responseOf).find(Boolean) ?? []).at(-1);
  const requested = modelCalls.map((span) => firstWith(withInner(span), (each) => outputMessages(each)));
  const calls = requested.flatMap((messages) => messages.flatMap(({ toolCalls }) => toolCalls));
  return {
    invocation: {
      id: start.spanId,
      userText: asked ?? userTextOf(start),
      toolUses: mergedUses(toolSpansOf(tree, all), calls),
      finalResponse: answered ?? responseOf(start),
      tokens: tokensOf(modelCalls.map(withInner)),
      hasEnded: start.endUs !== undefined,
      startUs: start.startUs,
      endUs: Math.max(start.startUs, ...all.map(({ endUs = 0 }) => endUs)),
    },
  };
}

function firstWith<Value>(spans: readonly TraceSpan[], read: (span: TraceSpan) => Value[]): Value[] {
  return spans.map(read).find((values) => values.length > 0) ?? [];
}

function userTextOf(span: TraceSpan): string {
  return inputMessages(span).findLast(({ role, text }) => role === "user" && text !== "")?.text ?? "";
}

function responseOf(span: TraceSpan): string {
  return outputMessages(span).findLast(({ role, text }) => role === "assistant" && text !== "")?.text ?? "";
}

/** An agent's span of a call, its client's span and the server's are one call: the outermost counts, with what the others know. */
function toolSpansOf(tree: TraceTree, all: readonly TraceSpan[]): ToolUse[] {
  return topmost(tree, all, isToolCall).flatMap((span) => {
    const same = [span, ...tree.descendantsOf(span).filter(isToolCall)].flatMap((each) => toolSpanUse(each) ?? []);
    const [outer] = same;
    if (outer === undefined) return [];
    const ofTool = same.filter(({ name }) => name === outer.name);
    return {
      name: outer.name,
      arguments: ofTool.find((use) => Object.keys(use.arguments).length > 0)?.arguments ?? outer.arguments,
      id: ofTool.find(({ id }) => id !== undefined)?.id,
      response: ofTool.find(({ response }) => response !== undefined)?.response,
    };
  });
}

/** What a model asked for and what was then done are one use: known by its id, else by its name and order. */
function mergedUses(ofSpans: readonly ToolUse[], calls: readonly MessageToolCall[]): ToolUse[] {
  const merged = [...ofSpans];
  const isTaken = merged.map(() => false);
  const seen = new Set<string>();
  for (const call of calls) {
    if (call.id !== undefined && seen.has(call.id)) continue;
    if (call.id !== undefined) seen.add(call.id);
    const byId = merged.findIndex(({ id }) => id !== undefined && id === call.id);
    const at = byId >= 0 ? byId : merged.findIndex((use, index) => !isTaken[index] && isSameCall(use, call));
    if (at < 0) {
      merged.push({ ...call, response: undefined });
      isTaken.push(true);
      continue;
    }
    isTaken[at] = true;
    const use = merged[at] as ToolUse;
    const isBare = Object.keys(use.arguments).length === 0;
    merged[at] = { ...use, id: use.id ?? call.id, arguments: isBare ? call.arguments : use.arguments };
  }
  return merged;
}

/** Ids that differ tell two calls apart; without them, the name and, where both are known, the arguments. */
function isSameCall(use: ToolUse, other: Omit<ToolUse, "response">): boolean {
  if (use.name !== other.name) return false;
  if (use.id !== undefined && other.id !== undefined) return use.id === other.id;
  const [one, two] = [use.arguments, other.arguments].map((each) => JSON.stringify(each));
  return one === "{}" || two === "{}" || one === two;
}

/** Calls of tools below none of the turns, and below no other call. */
function strayToolCalls(tree: TraceTree, spans: readonly TraceSpan[], starts: readonly TraceSpan[]): TraceSpan[] {
  const inTurns = new Set(starts.flatMap((start) => [start, ...tree.descendantsOf(start)]));
  return topmost(tree, spans, isToolCall).filter((span) => !inTurns.has(span));
}

function mergeSameText(turns: readonly Turn[]): Turn[] {
  const merged: Turn[] = [];
  for (const turn of turns) {
    const last = merged.at(-1);
    const { invocation } = turn;
    if (last === undefined || invocation.userText === "" || last.invocation.userText !== invocation.userText) {
      merged.push(turn);
      continue;
    }
    const before = last.invocation;
    const added = invocation.toolUses.filter(
      ({ id }) => id === undefined || !before.toolUses.some((use) => use.id === id),
    );
    last.invocation = {
      ...before,
      toolUses: [...before.toolUses, ...added],
      finalResponse: invocation.finalResponse || before.finalResponse,
      tokens: addTokens(before.tokens, invocation.tokens),
      hasEnded: before.hasEnded && invocation.hasEnded,
      endUs: Math.max(before.endUs, invocation.endUs),
    };
  }
  return merged;
}

/** @param calls for each call of a model its spans, of which one knows the tokens */
function tokensOf(calls: readonly (readonly TraceSpan[])[]): Invocation["tokens"] {
  const counts = (...names: string[]) =>
    calls.flatMap((spans) => {
      const known = spans.flatMap(({ attributes }) =>
        names.flatMap((name) => attributes[`gen_ai.usage.${name}`] ?? []),
      );
      return known.length === 0 ? [] : [known.map(Number).find((count) => count > 0) ?? 0];
    });
  const [input, output] = [counts("input_tokens", "prompt_tokens"), counts("output_tokens", "completion_tokens")];
  if (input.length === 0 && output.length === 0) return undefined;
  const sum = (values: readonly number[]) => values.reduce((total, count) => total + count, 0);
  return { input: sum(input), output: sum(output) };
}

function addTokens(one: Invocation["tokens"], other: Invocation["tokens"]): Invocation["tokens"] {
  if (one === undefined || other === undefined) return one ?? other;
  return { input: one.input + other.input, output: one.output + other.output };
}
