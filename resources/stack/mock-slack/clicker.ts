/**
 * Clicks buttons: posts the signed interactivity payload to the gateway, as Slack does
 * (https://docs.slack.dev/reference/interaction-payloads/block_actions-payload).
 */
import { randomBytes } from "node:crypto";
import { within } from "../http/within.ts";
import { contextHeaders, startHttpSpan } from "../telemetry/http-span.ts";
import type { TraceContext } from "../telemetry/span.ts";
import type { Button } from "./block-kit.ts";
import type { Message, MessageStore } from "./message-store.ts";
import { slackSignature } from "./signature.ts";

/** Slack reports an error to the user if the app does not answer a click within three seconds. */
export const answerDeadlineMs = 3_000;
const answerLimitCharacters = 64 * 1024;

export interface ClickRequest {
  action: "approve" | "deny";
  ticket?: string | undefined;
  /** Selects a message whose text contains this, for example the tool's name. */
  mentions?: string | undefined;
  user: string;
  /** Of whoever had it clicked; the message's own is linked, or the parent without one. */
  trace?: TraceContext;
}

export type ClickOutcome =
  | { kind: "answered"; status: number; body: string }
  | { kind: "unanswered"; reason: string }
  | { kind: "nothing to click"; reason: string };

export interface ClickerOptions {
  store: MessageStore;
  signingSecret: string;
  actionsUrl: string;
  deadlineMs?: number;
}

export class Clicker {
  readonly #options: ClickerOptions;

  constructor(options: ClickerOptions) {
    this.#options = options;
  }

  async click({ action, ticket, mentions, user, trace = {} }: ClickRequest): Promise<ClickOutcome> {
    const found = this.#options.store.findButton(action, { ticket, mentions });
    if (!found) {
      const what =
        ticket === undefined ? `No message has a button "${action}"` : `No message offers to ${action} ${ticket}`;
      return {
        kind: "nothing to click",
        reason: `${what}. GET /messages, with the token, shows what has been posted.`,
      };
    }
    const { message, button } = found;
    const at = new Date().toISOString();
    const outcome = await this.#send(interactivityPayload(message, button, user), [trace, found.trace ?? {}]);
    const status = outcome.kind === "answered" ? outcome.status : null;
    message.clicks.push({ action, user, ticket: button.value, at, status });
    console.log(`mock-slack click ${action} on ${button.value} by ${user}: ${status ?? "no answer"}`);
    return outcome;
  }

  async #send(payload: object, contexts: readonly TraceContext[]): Promise<ClickOutcome> {
    const path = new URL(this.#options.actionsUrl).pathname;
    const span = startHttpSpan("client", { method: "POST", path, contexts });
    const outcome = await this.#post(payload, contextHeaders(span));
    if (outcome.kind === "answered") span?.end({ "http.response.status_code": outcome.status });
    else span?.end({ "error.type": outcome.kind }, outcome.reason);
    return outcome;
  }

  async #post(payload: object, context: Record<string, string>): Promise<ClickOutcome> {
    const { signingSecret, actionsUrl, deadlineMs = answerDeadlineMs } = this.#options;
    const rawBody = new URLSearchParams({ payload: JSON.stringify(payload) }).toString();
    const timestamp = String(Math.floor(Date.now() / 1_000));
    try {
      const request: RequestInit = {
        method: "POST",
        headers: {
          "content-type": "application/x-www-form-urlencoded",
          "user-agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
          "x-slack-request-timestamp": timestamp,
          "x-slack-signature": slackSignature(signingSecret, timestamp, rawBody),
          ...context,
        },
        body: rawBody,
        redirect: "manual",
      };
      return await within([], deadlineMs, async (signal) => {
        const response = await fetch(actionsUrl, { ...request, signal });
        const body = (await response.text()).slice(0, answerLimitCharacters);
        return { kind: "answered", status: response.status, body };
      });
    } catch (error) {
      return { kind: "unanswered", reason: reasonOf(error, actionsUrl, deadlineMs) };
    }
  }
}

function reasonOf(error: unknown, url: string, deadlineMs: number): string {
  if (error instanceof Error && error.name === "TimeoutError") {
    return `${url} did not answer within ${deadlineMs} ms.`;
  }
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const detail = cause instanceof Error ? cause.message || (cause as NodeJS.ErrnoException).code : String(cause);
  return `${url} could not be reached: ${detail}.`;
}

function interactivityPayload(message: Message, button: Button, user: string): object {
  const team = { id: "T0LAB00001", domain: "resilience-lab" };
  const seconds = (Date.now() / 1_000).toFixed(6);
  return {
    type: "block_actions",
    user: { id: `U${user.replace(/[^A-Za-z0-9]/g, "").toUpperCase()}`, username: user, name: user, team_id: team.id },
    api_app_id: "A0LAB00001",
    container: { type: "message", message_ts: message.ts, channel_id: message.channelId, is_ephemeral: false },
    trigger_id: `${Date.now()}.${randomBytes(8).toString("hex")}`,
    team,
    channel: { id: message.channelId, name: message.channel.replace(/^#/, "") },
    message: { type: "message", bot_id: "B0LAB00001", ts: message.ts, text: message.text, blocks: message.blocks },
    actions: [{ ...button.element, block_id: button.blockId, action_ts: seconds }],
  };
}
