/**
 * Posts to Slack's Web API. Never throws and never takes long: a message that cannot be sent is logged, and whoever
 * waits for the approval goes on waiting.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { SlackSettings } from "../settings.ts";
import type { SlackMessage } from "./slack-message.ts";

export interface MessageRef {
  channel: string;
  timestamp: string;
}

const attemptDeadlineMs = 3_000;
const longestRetryAfterMs = 30_000;
const attempts = 3;

interface SlackAnswer {
  ok?: boolean;
  error?: string;
  channel?: string;
  ts?: string;
}

export class SlackChannel {
  readonly #settings: SlackSettings;
  readonly #log: (line: string) => void;

  constructor(settings: SlackSettings, log: (line: string) => void) {
    this.#settings = settings;
    this.#log = log;
  }

  get name(): string {
    return this.#settings.channel;
  }

  async post(message: SlackMessage, signal: AbortSignal): Promise<MessageRef | undefined> {
    const answer = await this.#call("chat.postMessage", { channel: this.#settings.channel, ...message }, signal);
    if (typeof answer?.ts !== "string") return undefined;
    return { channel: answer.channel ?? this.#settings.channel, timestamp: answer.ts };
  }

  async update({ channel, timestamp }: MessageRef, message: SlackMessage, signal: AbortSignal): Promise<void> {
    await this.#call("chat.update", { channel, ts: timestamp, ...message }, signal);
  }

  async #call(method: string, body: unknown, signal: AbortSignal): Promise<SlackAnswer | undefined> {
    try {
      return await this.#send(method, body, signal);
    } catch (error) {
      if (!signal.aborted) this.#log(`slack: ${method} failed: ${causeOf(error)}`);
      return undefined;
    }
  }

  async #send(method: string, body: unknown, signal: AbortSignal): Promise<SlackAnswer> {
    const { url, botToken } = this.#settings;
    if (!url) throw new Error("SLACK_URL is not set, so nobody is asked");
    for (let attempt = 1; ; attempt += 1) {
      const response = await fetch(`${url}/${method}`, {
        method: "POST",
        headers: { "content-type": "application/json; charset=utf-8", authorization: `Bearer ${botToken ?? ""}` },
        body: JSON.stringify(body),
        signal: AbortSignal.any([signal, AbortSignal.timeout(attemptDeadlineMs)]),
      });
      if (response.status === 429 && attempt < attempts) {
        await response.body?.cancel();
        await sleep(retryAfterMs(response.headers.get("retry-after")), undefined, { signal });
        continue;
      }
      if (!response.ok) {
        await response.body?.cancel();
        throw new Error(`HTTP ${response.status}`);
      }
      const answer = (await response.json()) as SlackAnswer | null;
      if (answer?.ok !== true) throw new Error(`Slack says ${answer?.error ?? "nothing intelligible"}`);
      return answer;
    }
  }
}

function retryAfterMs(header: string | null): number {
  const seconds = Number(header ?? 1);
  return Number.isFinite(seconds) ? Math.min(Math.max(seconds, 0) * 1_000, longestRetryAfterMs) : 1_000;
}

function causeOf(error: unknown): string {
  const cause = error instanceof Error && error.cause ? error.cause : error;
  if (!(cause instanceof Error)) return String(cause);
  return cause.message || (cause as NodeJS.ErrnoException).code || cause.name;
}
