import { isObject } from "../../model/json.ts";
import type { Attributes, TraceSpan } from "../trace-files/trace.ts";
import { parsed } from "./json-text.ts";

type Message = Record<string, unknown>;

/** Where older instrumentations write messages, before `gen_ai.input.messages` and `gen_ai.output.messages`. */
export interface OlderForm {
  /** `gen_ai.prompt.0.content` and so on; or one attribute with all of them, of the span or of an event. */
  attribute: string;
  /** An event for each message: OpenTelemetry's conventions from 1.28 to 1.36. */
  events: readonly string[];
  /** Whose a message is that does not say it. */
  role: string;
}

export const OLDER_INPUT: OlderForm = {
  attribute: "gen_ai.prompt",
  events: ["gen_ai.system.message", "gen_ai.user.message", "gen_ai.assistant.message", "gen_ai.tool.message"],
  role: "user",
};
export const OLDER_OUTPUT: OlderForm = {
  attribute: "gen_ai.completion",
  events: ["gen_ai.choice"],
  role: "assistant",
};

/** The first form in which a span has any. */
export function olderMessages(
  { attributes, events }: TraceSpan,
  { attribute, events: names, role }: OlderForm,
): Message[] {
  const inNumbered = numbered(attributes, `${attribute}.`);
  if (inNumbered.length > 0) return inNumbered;
  const value = [attributes, ...events.map((event) => event.attributes)].map((each) => each[attribute]);
  const inOne = messagesIn(
    value.find((each) => each !== undefined),
    role,
  );
  if (inOne.length > 0) return inOne;
  return events.flatMap((event) => {
    const [, speaker] = /^gen_ai\.(system|user|assistant|tool)\.message$/.exec(event.name) ?? [];
    return names.includes(event.name) ? messageOfEvent(event.attributes, speaker ?? role) : [];
  });
}

/** A list of messages, an object that holds one, a message, or its text. */
function messagesIn(value: unknown, role: string): Message[] {
  const found = parsed(value);
  if (typeof found === "string") return found === "" ? [] : [{ role, content: found }];
  if (Array.isArray(found)) return found.filter(isObject).map((message) => ({ role, ...message }));
  if (!isObject(found)) return [];
  return Array.isArray(found.messages) ? messagesIn(found.messages, role) : [{ role, ...found }];
}

/** The body of an event: its own attributes, or JSON in one of them; that of a choice is around its message. */
function messageOfEvent(attributes: Attributes, role: string): Message[] {
  const body = parsed(attributes["gen_ai.event.content"] ?? { ...attributes });
  const inner = isObject(body) ? parsed(body.message ?? body) : body;
  // A list of parts, as JSON.
  const parts = parsed(isObject(inner) ? inner.content : inner);
  if (Array.isArray(parts) && parts.every(isObject))
    return [{ role, ...(isObject(inner) ? inner : {}), content: parts }];
  return messagesIn(inner, role);
}

/** `gen_ai.prompt.0.role`, `gen_ai.prompt.0.tool_calls.0.name` and so on as messages. */
function numbered(attributes: Attributes, prefix: string): Message[] {
  const messages: Message[] = [];
  for (const [name, value] of Object.entries(attributes)) {
    const [, at, rest = ""] = name.startsWith(prefix)
      ? (/^(\d{1,4})\.(.+)$/.exec(name.slice(prefix.length)) ?? [])
      : [];
    if (at === undefined) continue;
    messages[Number(at)] ??= {};
    const message = messages[Number(at)] as Message;
    const [, call, field = ""] = /^tool_calls\.(\d{1,4})\.(.+)$/.exec(rest) ?? [];
    if (call === undefined) message[rest] = value;
    else {
      message.tool_calls ??= [];
      const calls = message.tool_calls as Message[];
      calls[Number(call)] = { ...calls[Number(call)], [field]: value };
    }
  }
  return messages.filter((message) => message !== undefined);
}
