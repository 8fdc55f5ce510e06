import type { TraceSpan } from "../trace-files/trace.ts";
import type { TraceTree } from "../trace-files/trace-tree.ts";
import type { Invocation, ToolUse } from "./invocation.ts";
import { inputMessages, type MessageToolCall, outputMessages } from "./messages.ts";
import { toolSpanUse } from "./tool-span.ts";
import { ToolUseIndex } from "./tool-use-index.ts";
import { lastEnd, topmost } from "./topmost.ts";

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
 * model. Calls in a row that were given the same text of the user are one turn, whose history grows; so are agents of one
 * root, but not those that were asked the same again.
 */
export function genAiInvocations(tree: TraceTree, spans: readonly TraceSpan[], warnings: string[]): Invocation[] {
  const agents = topmost(tree, spans, isAgent);
  const withModel = tree.roots.filter((root) => isModelCall(root) || tree.descendantsOf(root).some(isModelCall));
  const starts = agents.length > 0 ? agents : withModel;
  const turns = starts.flatMap((start) => turnOf(tree, start) ?? noModel(start, warnings));
  const strays = strayToolCalls(tree, spans, starts);
  const merged = mergeSameText(turns);
  addStrays(strays, merged, warnings);
  return merged.map(({ invocation }) => invocation);
}

/** Calls of servers that lost the context of their caller: the turn that each happened in is known by time. */
function addStrays(strays: readonly TraceSpan[], turns: readonly Turn[], warnings: string[]): void {
  const indexes = new Map<Turn, ToolUseIndex>();
  let first = 0;
  for (const span of strays) {
    // Both are by their start: what has ended before this one has ended before those to come.
    while ((turns[first]?.invocation.endUs ?? span.startUs) < span.startUs) first++;
    const use = toolSpanUse(span);
    const turn = turnAt(span.startUs, turns, first);
    if (use === undefined || turn === undefined) continue;
    const { toolUses } = turn.invocation;
    const index = indexes.get(turn) ?? indexOf(toolUses);
    indexes.set(turn, index);
    if (index.find(use) !== undefined) continue;
    index.add(use, toolUses.length);
    toolUses.push(use);
    warnings.push(`span ${span.spanId} (${span.name}): its caller is not in the trace; counted by its time`);
  }
}

function turnAt(atUs: number, turns: readonly Turn[], first: number): Turn | undefined {
  for (let at = first; at < turns.length; at++) {
    const turn = turns[at];
    if (turn === undefined || turn.invocation.startUs > atUs) return undefined;
    if (atUs <= turn.invocation.endUs) return turn;
  }
  return undefined;
}

function indexOf(uses: readonly ToolUse[]): ToolUseIndex {
  const index = new ToolUseIndex();
  for (const [position, use] of uses.entries()) index.add(use, position);
  return index;
}

interface Turn {
  /** Above its agent; undefined where that is not in the trace, and for a call of a model without an agent. */
  root: TraceSpan | undefined;
  invocation: Invocation & { toolUses: ToolUse[] };
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
    root: isAgent(start) ? rootOf(tree, start) : undefined,
    invocation: {
      id: start.spanId,
      userText: asked ?? userTextOf(start),
      toolUses: mergedUses(toolSpansOf(tree, all), calls),
      finalResponse: answered ?? responseOf(start),
      tokens: tokensOf(modelCalls.map(withInner)),
      hasEnded: start.endUs !== undefined,
      startUs: start.startUs,
      endUs: lastEnd(start, all),
    },
  };
}

function rootOf(tree: TraceTree, span: TraceSpan): TraceSpan | undefined {
  let root = span;
  for (let above = tree.parentOf(root); above !== undefined; above = tree.parentOf(root)) root = above;
  return root.parentId === undefined ? root : undefined;
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
  const index = indexOf(ofSpans);
  const seen = new Set<string>();
  for (const call of calls) {
    if (call.id !== undefined && seen.has(call.id)) continue;
    if (call.id !== undefined) seen.add(call.id);
    const at = index.withId(call.id) ?? index.find(call);
    if (at === undefined) {
      merged.push({ ...call, response: undefined });
      continue;
    }
    index.take(at);
    const use = merged[at] as ToolUse;
    const isBare = Object.keys(use.arguments).length === 0;
    merged[at] = { ...use, id: use.id ?? call.id, arguments: isBare ? call.arguments : use.arguments };
  }
  return merged;
}

/** Calls of tools below none of the turns, and below no other call. */
function strayToolCalls(tree: TraceTree, spans: readonly TraceSpan[], starts: readonly TraceSpan[]): TraceSpan[] {
  const inTurns = new Set(starts.flatMap((start) => [start, ...tree.descendantsOf(start)]));
  return topmost(tree, spans, isToolCall).filter((span) => !inTurns.has(span));
}

function mergeSameText(turns: readonly Turn[]): Turn[] {
  const merged: Turn[] = [];
  const ids = new Map<Turn, Set<string>>();
  const idsOf = (turn: Turn) => {
    const known = ids.get(turn) ?? new Set(turn.invocation.toolUses.flatMap(({ id }) => id ?? []));
    ids.set(turn, known);
    return known;
  };
  for (const turn of turns) {
    const last = merged.at(-1);
    const { invocation } = turn;
    const isAnother = last?.root !== undefined && turn.root !== undefined && last.root !== turn.root;
    const isSame = invocation.userText !== "" && last?.invocation.userText === invocation.userText;
    if (last === undefined || isAnother || !isSame) {
      merged.push(turn);
      continue;
    }
    const before = last.invocation;
    const known = idsOf(last);
    for (const use of invocation.toolUses) if (use.id === undefined || !known.has(use.id)) before.toolUses.push(use);
    for (const { id } of invocation.toolUses) if (id !== undefined) known.add(id);
    last.invocation = {
      ...before,
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
