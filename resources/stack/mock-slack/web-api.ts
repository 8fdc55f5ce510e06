/**
 * The part of Slack's Web API that approvals need. Like Slack, it answers refused requests with 200, `ok: false` and an
 * error code: https://docs.slack.dev/reference/methods (chat.postMessage, chat.update, conversations.list and .history).
 */

import type { IncomingMessage } from "node:http";
import { isObject, parseJson } from "../http/json.ts";
import { HttpError, readBody } from "../http/serve.ts";
import { contextOf, startHttpSpan } from "../telemetry/http-span.ts";
import type { TraceContext } from "../telemetry/span.ts";
import { readBlocks } from "./block-kit.ts";
import { channelIdOf, type Message, type MessageStore } from "./message-store.ts";

const historyLimit = 100;

type Arguments = Readonly<Record<string, unknown>>;
type Answer = Readonly<{ ok: boolean } & Record<string, unknown>>;

export interface WebApiOptions {
  store: MessageStore;
  botToken: string;
  onPosted: (message: Message) => void;
  /** Of the request's span. */
  trace?: TraceContext | undefined;
}

/** As a span, for a caller that is traced. */
export async function callTraced(method: string, request: IncomingMessage, options: WebApiOptions): Promise<Answer> {
  const contexts = [contextOf(request)];
  const span = startHttpSpan("server", { method: request.method, path: `/api/${method}`, contexts });
  try {
    const answer = await callWebApi(method, request, { ...options, trace: span?.context });
    span?.end({ "http.response.status_code": 200, "error.type": text(answer.error) });
    return answer;
  } catch (error) {
    span?.end({ "error.type": error instanceof HttpError ? String(error.status) : "_OTHER" }, String(error));
    throw error;
  }
}

async function callWebApi(method: string, request: IncomingMessage, options: WebApiOptions): Promise<Answer> {
  const refused = refuseToken(request.headers.authorization, options.botToken);
  // The body is read in any case, so that the connection can be reused.
  const body = (await readBody(request)).toString("utf8");
  if (refused) return refused;
  const args = parseArguments(body, request.headers["content-type"] ?? "");
  if (!args) return { ok: false, error: "invalid_json" };
  if (method === "chat.postMessage") return postMessage(args, options);
  if (method === "chat.update") return updateMessage(args, options);
  if (method === "conversations.list") return listChannels(options);
  if (method === "conversations.history") return readHistory(args, options);
  return { ok: false, error: "unknown_method", req_method: method };
}

function refuseToken(authorization: string | undefined, botToken: string): Answer | undefined {
  if (authorization === undefined) return { ok: false, error: "not_authed" };
  return authorization === `Bearer ${botToken}` ? undefined : { ok: false, error: "invalid_auth" };
}

function parseArguments(body: string, contentType: string): Arguments | undefined {
  if (contentType.startsWith("application/x-www-form-urlencoded")) return Object.fromEntries(new URLSearchParams(body));
  if (!contentType.startsWith("application/json")) {
    throw new HttpError(415, "Send application/json or application/x-www-form-urlencoded.");
  }
  const parsed = parseJson(body);
  return isObject(parsed) ? parsed : undefined;
}

function postMessage(args: Arguments, { store, onPosted, trace }: WebApiOptions): Answer {
  const channel = text(args.channel);
  const blocks = readBlocks(args.blocks);
  if (!channel) return { ok: false, error: "channel_not_found" };
  if (!blocks) return { ok: false, error: "invalid_blocks" };
  if (!text(args.text) && blocks.length === 0) return { ok: false, error: "no_text" };
  const message = store.post(channel, text(args.text) ?? "", blocks, trace);
  onPosted(message);
  console.log(`mock-slack message ${message.ts} in ${channel}`);
  return answerWith(message);
}

function updateMessage(args: Arguments, { store, onPosted }: WebApiOptions): Answer {
  const channel = text(args.channel);
  const blocks = readBlocks(args.blocks);
  if (!channel) return { ok: false, error: "channel_not_found" };
  if (!blocks) return { ok: false, error: "invalid_blocks" };
  const message = store.update(channel, text(args.ts) ?? "", text(args.text), args.blocks == null ? undefined : blocks);
  if (!message) return { ok: false, error: "message_not_found" };
  onPosted(message);
  console.log(`mock-slack message ${message.ts} in ${message.channel} updated`);
  return { ...answerWith(message), text: message.text };
}

/** The channels that have messages. */
function listChannels({ store }: WebApiOptions): Answer {
  const names = new Map(store.all().map(({ channel, channelId }) => [channelId, channel.replace(/^#/, "")]));
  return { ok: true, channels: [...names].map(([id, name]) => ({ id, name })) };
}

/** Newest first. As in Slack, only a channel's id is accepted. */
function readHistory(args: Arguments, { store }: WebApiOptions): Answer {
  const limit = Number(args.limit ?? historyLimit);
  if (!(limit >= 1 && limit <= 999)) return { ok: false, error: "invalid_limit" };
  const channel = text(args.channel);
  if (!channel || channelIdOf(channel) !== channel) return { ok: false, error: "channel_not_found" };
  const messages = store.all().filter(({ channelId }) => channelId === channel);
  return { ok: true, messages: messages.reverse().slice(0, limit).map(shown), has_more: messages.length > limit };
}

function answerWith(message: Message): Answer {
  return { ok: true, channel: message.channelId, ts: message.ts, message: shown(message) };
}

function shown({ ts, text, blocks }: Message) {
  return { type: "message", bot_id: "B0LAB00001", ts, text, blocks };
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
