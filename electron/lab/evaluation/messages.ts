import { isObject, parseJson } from "../../model/json.ts";
import type { Attributes, TraceSpan } from "../trace-files/trace.ts";

/** A message to or from a model, in any of the forms that instrumentations write. */
export interface ChatMessage {
  role: "user" | "assistant" | "other";
  text: string;
  toolCalls: readonly MessageToolCall[];
}

export interface MessageToolCall {
  id: string | undefined;
  name: string;
  arguments: Readonly<Record<string, unknown>>;
}

const ROLES: Record<string, ChatMessage["role"]> = {
  user: "user",
  human: "user",
  assistant: "assistant",
  model: "assistant",
  ai: "assistant",
};

/** What a model was given: `gen_ai.input.messages`, of the span or of its events, or the older numbered attributes. */
export function inputMessages(span: TraceSpan): ChatMessage[] {
  return messagesOf(span, "gen_ai.input.messages", "gen_ai.prompt.");
}

/** What a model answered. */
export function outputMessages(span: TraceSpan): ChatMessage[] {
  return messagesOf(span, "gen_ai.output.messages", "gen_ai.completion.");
}

function messagesOf({ attributes, events }: TraceSpan, name: string, olderPrefix: string): ChatMessage[] {
  const value = attributes[name] ?? events.map((event) => event.attributes[name]).find((each) => each !== undefined);
  const list = parsed(value);
  if (Array.isArray(list)) return list.filter(isObject).map(toMessage);
  return numbered(attributes, olderPrefix).map(toMessage);
}

/** `gen_ai.prompt.0.role`, `gen_ai.prompt.0.tool_calls.0.name` and so on as messages. */
function numbered(attributes: Attributes, prefix: string): Record<string, unknown>[] {
  const messages: Record<string, unknown>[] = [];
  for (const [name, value] of Object.entries(attributes)) {
    const [, at, rest = ""] = name.startsWith(prefix)
      ? (/^(\d{1,4})\.(.+)$/.exec(name.slice(prefix.length)) ?? [])
      : [];
    if (at === undefined) continue;
    messages[Number(at)] ??= {};
    const message = messages[Number(at)] as Record<string, unknown>;
    const [, call, field = ""] = /^tool_calls\.(\d{1,4})\.(.+)$/.exec(rest) ?? [];
    if (call === undefined) message[rest] = value;
    else {
      message.tool_calls ??= [];
      const calls = message.tool_calls as Record<string, unknown>[];
      calls[Number(call)] = { ...calls[Number(call)], [field]: value };
    }
  }
  return messages.filter((message) => message !== undefined);
}

function toMessage(message: Record<string, unknown>): ChatMessage {
  const parts = [message.parts, message.content].find(Array.isArray)?.filter(isObject) ?? [];
  const text = typeof message.content === "string" ? message.content : parts.map(textOfPart).filter(Boolean).join("\n");
  const calls = [
    ...parts.filter(({ type }) => type === "tool_call" || type === "tool_use" || type === "function_call"),
    ...(Array.isArray(message.tool_calls) ? message.tool_calls.filter(isObject) : []),
  ];
  return {
    role: ROLES[String(message.role).toLowerCase()] ?? "other",
    text,
    toolCalls: calls.map(toToolCall).filter(({ name }) => name !== ""),
  };
}

function textOfPart(part: Record<string, unknown>): string {
  if (part.type !== undefined && part.type !== "text") return "";
  const text = part.content ?? part.text;
  return typeof text === "string" ? text : "";
}

function toToolCall(call: Record<string, unknown>): MessageToolCall {
  const inner = isObject(call.function) ? call.function : call;
  return {
    id: typeof call.id === "string" && call.id !== "" ? call.id : undefined,
    name: typeof inner.name === "string" ? inner.name : "",
    arguments: argumentsOf(inner.arguments ?? inner.args ?? inner.input),
  };
}

/** An object, or its JSON; empty for anything else. */
export function argumentsOf(value: unknown): Record<string, unknown> {
  const object = parsed(value);
  return isObject(object) ? object : {};
}

/** A value that may have been written as JSON text; such text as it is when it is none. */
export function parsed(value: unknown): unknown {
  return typeof value === "string" ? (parseJson(value) ?? value) : value;
}
