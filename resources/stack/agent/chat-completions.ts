/** A client for the part of the OpenAI-compatible chat completions API that tool calling needs. */
import { isObject, parseJson } from "../http/json.ts";
import { within } from "../http/within.ts";
import { type Reply, readReply, type ToolCall } from "./model-reply.ts";

const answerLimitBytes = 4 * 1024 * 1024;

export type ChatMessage =
  | { role: "system" | "user"; content: string }
  | { role: "assistant"; content: string | null; tool_calls?: ToolCall[] }
  | { role: "tool"; tool_call_id: string; content: string };

export interface ChatTool {
  type: "function";
  function: { name: string; description: string; parameters: Record<string, unknown> };
}

export interface ChatEndpoint {
  /** Base URL such as `http://127.0.0.1:11434/v1`, or the full URL of the completions endpoint. */
  url: string;
  model: string;
  apiKey?: string | undefined;
  /** Limit for one completion. */
  deadlineMs: number;
}

/** The endpoint is down, refused, or sent an unusable reply; the message gives the cause and never contains the key. */
export class ModelError extends Error {
  override readonly name = "ModelError";
}

export async function complete(
  endpoint: ChatEndpoint,
  messages: readonly ChatMessage[],
  tools: readonly ChatTool[],
  signal: AbortSignal,
): Promise<Reply> {
  const url = `${endpoint.url.replace(/\/+$/, "").replace(/\/chat\/completions$/, "")}/chat/completions`;
  const request: RequestInit = {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(endpoint.apiKey === undefined ? {} : { authorization: `Bearer ${endpoint.apiKey}` }),
    },
    // Some servers refuse an empty list of tools; all accept a missing one.
    body: JSON.stringify({ model: endpoint.model, messages, ...(tools.length > 0 ? { tools } : {}) }),
    redirect: "manual",
  };
  try {
    const { response, text } = await within([signal], endpoint.deadlineMs, async (limited) => {
      const reply = await fetch(url, { ...request, signal: limited });
      return { response: reply, text: await readText(reply) };
    });
    if (!response.ok) throw new ModelError(`${url} answered HTTP ${response.status}: ${reasonIn(text)}`);
    return replyIn(url, text, tools);
  } catch (error) {
    if (error instanceof ModelError) throw error;
    signal.throwIfAborted();
    if (error instanceof Error && error.name === "TimeoutError")
      throw new ModelError(`${url} did not answer within ${endpoint.deadlineMs} ms`);
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const { message, code } = cause as NodeJS.ErrnoException;
    throw new ModelError(`${url} could not be reached: ${message || code}`);
  }
}

async function readText(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > answerLimitBytes) throw new ModelError(`${response.url} answered more than ${answerLimitBytes} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

function replyIn(url: string, text: string, tools: readonly ChatTool[]): Reply {
  const value = parseJson(text);
  if (value === undefined) throw new ModelError(`${url} did not answer JSON: ${text.slice(0, 200)}`);
  const names = tools.map(({ function: { name } }) => name);
  const reply = readReply(value, names);
  if (reply !== undefined) return reply;
  throw new ModelError(`${url} did not answer a chat completion (choices[0].message): ${text.slice(0, 200)}`);
}

function reasonIn(text: string): string {
  const parsed = parseJson(text);
  if (isObject(parsed) && isObject(parsed.error) && typeof parsed.error.message === "string") {
    return parsed.error.message.slice(0, 500);
  }
  // Not the usual shape: use the text itself as the reason.
  return text.slice(0, 500) || "no reason given";
}
