import { isObject } from "../../model/json.ts";
import type { TraceSpan } from "../trace-files/trace.ts";
import { argumentsOf, parsed } from "./json-text.ts";
import { OLDER_INPUT, OLDER_OUTPUT, type OlderForm, olderMessages } from "./older-messages.ts";

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

/** What a model was given: `gen_ai.input.messages`, of the span or of its events, or an older form of them. */
export function inputMessages(span: TraceSpan): ChatMessage[] {
  return messagesOf(span, "gen_ai.input.messages", OLDER_INPUT);
}

/** What a model answered. */
export function outputMessages(span: TraceSpan): ChatMessage[] {
  return messagesOf(span, "gen_ai.output.messages", OLDER_OUTPUT);
}

function messagesOf(span: TraceSpan, name: string, older: OlderForm): ChatMessage[] {
  const value = [span, ...span.events].map(({ attributes }) => attributes[name]).find((each) => each !== undefined);
  const list = parsed(value);
  return (Array.isArray(list) ? list.filter(isObject) : olderMessages(span, older)).map(toMessage);
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
