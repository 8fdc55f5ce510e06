/**
 * Posts to Slack's Web API. Never throws: transient failures are retried while the result is still of use. A message is
 * not posted twice if Slack allows reading whether the first attempt arrived.
 */

import { setTimeout as sleep } from "node:timers/promises";
import { parseJson } from "../../http/json.ts";
import { within } from "../../http/within.ts";
import { contextHeaders, startHttpSpan } from "../../telemetry/http-span.ts";
import type { TraceContext } from "../../telemetry/span.ts";
import type { SlackSettings } from "../settings.ts";
import { refusal, SlackFailure, statusFailure, transportFailure } from "./slack-failure.ts";
import type { SlackMessage } from "./slack-message.ts";

export interface MessageRef {
  channel: string;
  timestamp: string;
}

const attemptDeadlineMs = 3_000;
const shortestPauseMs = 250;
const longestPauseMs = 5_000;
const updatePatienceMs = 120_000;
const searchedMessages = 100;
const searchedChannels = 1_000;

interface SlackAnswer {
  ok?: boolean;
  error?: string;
  channel?: string;
  ts?: string;
  channels?: { id?: string; name?: string }[];
  messages?: { ts?: string; blocks?: { block_id?: string }[] }[];
}

export class SlackChannel {
  readonly #settings: SlackSettings;
  readonly #log: (line: string) => void;
  readonly #stop = new AbortController();
  /** Slack's id of the channel, once known: reading messages requires it instead of the name. */
  #channelId: string | undefined;

  constructor(settings: SlackSettings, log: (line: string) => void) {
    this.#settings = settings;
    this.#log = log;
  }

  get name(): string {
    return this.#settings.channel;
  }

  /** `blockId` is unique to this message. Attempts stop with `ended`; undefined if none succeeded. */
  post(
    message: SlackMessage,
    blockId: string,
    ended: AbortSignal,
    trace?: TraceContext,
  ): Promise<MessageRef | undefined> {
    const { channel } = this.#settings;
    let mayBePosted = false;
    const attempt = async (): Promise<MessageRef | undefined> => {
      const earlier = mayBePosted ? await this.#find(blockId) : undefined;
      if (earlier || ended.aborted) return earlier;
      try {
        const answer = await this.#send("chat.postMessage", { channel, ...message }, trace);
        this.#channelId = answer.channel;
        return answer.ts === undefined ? undefined : { channel: answer.channel ?? channel, timestamp: answer.ts };
      } catch (error) {
        mayBePosted ||= error instanceof SlackFailure && error.mayBeDone;
        throw error;
      }
    };
    return this.#persist("chat.postMessage", attempt, ended);
  }

  async update({ channel, timestamp }: MessageRef, message: SlackMessage, trace?: TraceContext): Promise<void> {
    const attempt = () => this.#send("chat.update", { channel, ts: timestamp, ...message }, trace);
    await within([], updatePatienceMs, (ended) => this.#persist("chat.update", attempt, ended));
  }

  /** The message with this block. Also undefined if Slack does not allow this app to read messages. */
  find(blockId: string): Promise<MessageRef | undefined> {
    const attempt = () => this.#find(blockId);
    return within([], updatePatienceMs, (ended) => this.#persist("conversations.history", attempt, ended));
  }

  /** Ends all attempts. */
  stop(): void {
    this.#stop.abort();
  }

  /** Searches the newest messages. */
  async #find(blockId: string): Promise<MessageRef | undefined> {
    try {
      this.#channelId ??= await this.#findChannel();
      const channel = this.#channelId;
      const { messages = [] } = await this.#send("conversations.history", { channel, limit: searchedMessages });
      const found = messages.find(({ blocks = [] }) => blocks.some(({ block_id }) => block_id === blockId));
      return found?.ts === undefined ? undefined : { channel, timestamp: found.ts };
    } catch (error) {
      if (error instanceof SlackFailure && !error.isTransient) return undefined;
      throw error;
    }
  }

  async #findChannel(): Promise<string> {
    const { channel } = this.#settings;
    const { channels = [] } = await this.#send("conversations.list", { limit: searchedChannels });
    return channels.find(({ name }) => name === channel.replace(/^#/, ""))?.id ?? channel;
  }

  async #persist<T>(method: string, attempt: () => Promise<T>, ended: AbortSignal): Promise<T | undefined> {
    if (!this.#settings.url) {
      this.#log(`slack: SLACK_URL is not set, ${method} is skipped`);
      return undefined;
    }
    for (let failures = 0; ; ) {
      try {
        const result = await attempt();
        if (failures > 0 && result) this.#log(`slack: ${method} succeeded after ${failures} failed attempts`);
        return result;
      } catch (error) {
        if (!(error instanceof SlackFailure)) throw error;
        if (this.#stop.signal.aborted) return undefined;
        failures += 1;
        const isOver = !error.isTransient || ended.aborted;
        if (failures === 1 || isOver) this.#log(`slack: ${method} failed: ${error.message}`);
        if (isOver) return undefined;
        await this.#pause(error.retryAfterMs ?? backOffMs(failures), ended);
      }
    }
  }

  /** Waits until the delay has passed or waiting is no longer of use. */
  async #pause(ms: number, ended: AbortSignal): Promise<void> {
    const waited = (signal: AbortSignal) => sleep(ms, undefined, { signal, ref: false });
    await within([ended, this.#stop.signal], undefined, waited).catch(() => {});
  }

  /** @throws SlackFailure */
  async #send(method: string, body: unknown, trace: TraceContext = {}): Promise<SlackAnswer> {
    const span = startHttpSpan("client", { method: "POST", path: `/api/${method}`, contexts: [trace] });
    try {
      const answer = await this.#request(method, body, contextHeaders(span));
      span?.end({ "http.response.status_code": 200 });
      return answer;
    } catch (error) {
      span?.end({ "error.type": error instanceof Error ? error.name : "_OTHER" }, String(error));
      throw error;
    }
  }

  /** @throws SlackFailure */
  async #request(method: string, body: unknown, context: Record<string, string>): Promise<SlackAnswer> {
    const { url, botToken } = this.#settings;
    let response: Response;
    let answer: SlackAnswer | null | undefined;
    try {
      const headers = {
        "content-type": "application/json; charset=utf-8",
        authorization: `Bearer ${botToken ?? ""}`,
        ...context,
      };
      const request = { method: "POST", headers, body: JSON.stringify(body) };
      [response, answer] = await within([this.#stop.signal], attemptDeadlineMs, async (signal) => {
        const reply = await fetch(`${url}/${method}`, { ...request, signal });
        if (reply.ok) return [reply, parseJson(await reply.text()) as SlackAnswer | null | undefined];
        await reply.body?.cancel();
        return [reply, undefined];
      });
    } catch (error) {
      throw transportFailure(error);
    }
    if (!response.ok) throw statusFailure(response);
    if (answer?.ok !== true) throw refusal(answer?.error);
    return answer;
  }
}

function backOffMs(failures: number): number {
  return Math.min(longestPauseMs, shortestPauseMs * 2 ** (failures - 1)) * (0.5 + Math.random() / 2);
}
