/**
 * What a chat completion says, in the one form that the agent works with. Model servers differ in how they write tool
 * calls: arguments as an object, null or left out, calls without an id or all with the same, the older `function_call`,
 * content in parts, and calls as text, which is what a model's template gives where the server does not parse it.
 */
import { randomUUID } from "node:crypto";
import { z } from "zod";
import { parseJson } from "../http/json.ts";

export interface ToolCall {
  id: string;
  type: "function";
  function: { name: string; arguments: string };
}

export interface Reply {
  content: string;
  toolCalls: ToolCall[];
}

const namedCall = z
  .looseObject({ name: z.string().min(1), arguments: z.unknown(), parameters: z.unknown() })
  .partial({ arguments: true, parameters: true })
  .transform(({ name, arguments: given, parameters }) => ({
    name: name.trim(),
    arguments: argumentsText(given ?? parameters),
  }));
const toolCall = z.union([
  z
    .looseObject({ id: z.union([z.string(), z.number()]).nullish(), function: namedCall })
    .transform(({ id, function: named }) => ({ id: String(id ?? ""), named })),
  // Without the function around it, as some servers write it.
  namedCall.transform((named) => ({ id: "", named })),
]);
const oneOrMore = <Item extends z.ZodType>(item: Item) => z.union([z.array(item), item.transform((one) => [one])]);

const part = z.union([
  z.string(),
  z.looseObject({ text: z.string() }).transform(({ text }) => text),
  z.unknown().transform(() => ""),
]);
const content = z.union([z.string(), z.array(part).transform((parts) => parts.join(""))]);

const completion = z.looseObject({
  choices: z
    .array(
      z.looseObject({
        message: z.looseObject({
          content: content.nullish(),
          tool_calls: oneOrMore(toolCall).nullish(),
          function_call: namedCall.nullish(),
        }),
        finish_reason: z.string().nullish(),
      }),
    )
    .min(1),
});

/**
 * @param tools the names that were offered: text is taken for a call only if it names one of them
 * @returns undefined for what is no chat completion
 */
export function readReply(value: unknown, tools: readonly string[]): Reply | undefined {
  const parsed = completion.safeParse(value);
  const message = parsed.data?.choices[0]?.message;
  if (message === undefined) return undefined;
  const { content: text, tool_calls: calls, function_call: older } = message;
  const given = [...(calls ?? []), ...(older ? [{ id: "", named: older }] : [])];
  if (given.length > 0) return { content: text ?? "", toolCalls: withIds(given) };
  const written = callsInText(text ?? "", tools);
  return { content: written.rest, toolCalls: withIds(written.calls.map((named) => ({ id: "", named }))) };
}

interface NamedCall {
  name: string;
  arguments: string;
}

/** An answer to a call names it by its id, so each has one of its own. */
function withIds(calls: readonly { id: string; named: NamedCall }[]): ToolCall[] {
  const used = new Set<string>();
  return calls.map(({ id, named }) => {
    const own = id === "" || used.has(id) ? `call_${randomUUID()}` : id;
    used.add(own);
    return { id: own, type: "function", function: named };
  });
}

/** As the JSON text that the API has; text that is JSON in a text is unpacked once. */
function argumentsText(value: unknown): string {
  if (value === undefined || value === null || value === "") return "{}";
  if (typeof value !== "string") return JSON.stringify(value);
  const inner = parseJson(withoutFence(value));
  return typeof inner === "string" ? inner : withoutFence(value);
}

function withoutFence(text: string): string {
  return /^\s*```(?:json)?\s*([\s\S]*?)\s*```\s*$/.exec(text)?.[1] ?? text;
}

/** The forms in which the templates of Qwen and Hermes, Mistral, and Llama 3 write a call. */
function callsInText(text: string, tools: readonly string[]): { calls: NamedCall[]; rest: string } {
  const tagged = [...text.matchAll(/<tool_call>\s*([\s\S]*?)\s*(?:<\/tool_call>|$)/g)].map(([, inner = ""]) => inner);
  const mistral = /^\s*\[TOOL_CALLS\]\s*(\[[\s\S]*\])\s*$/.exec(text)?.[1];
  const whole = withoutFence(text.replace(/^\s*<\|python_tag\|>/, ""));
  const candidates = tagged.length > 0 ? tagged : [mistral ?? whole];
  const calls = candidates.flatMap((each) => {
    const read = oneOrMore(namedCall).safeParse(parseJson(each));
    return read.success ? read.data : [];
  });
  if (calls.length === 0 || calls.some(({ name }) => !tools.includes(name))) return { calls: [], rest: text };
  return {
    calls,
    rest: tagged.length > 0 ? text.replaceAll(/<tool_call>[\s\S]*?(?:<\/tool_call>|$)/g, "").trim() : "",
  };
}
