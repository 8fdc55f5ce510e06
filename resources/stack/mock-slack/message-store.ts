/** The messages of the workspace, oldest first. At the limit the oldest are removed. */
import { createHash } from "node:crypto";
import type { TraceContext } from "../telemetry/span.ts";
import { type Block, type Button, buttonsOf } from "./block-kit.ts";

export const defaultMessageLimit = 500;

export interface Click {
  action: string;
  user: string;
  ticket: string;
  /** ISO 8601 */
  at: string;
  /** HTTP status of the gateway's response; null if there was none. */
  status: number | null;
}

export interface Message {
  /** As given by the caller, for example `#approvals`. */
  channel: string;
  channelId: string;
  ts: string;
  text: string;
  blocks: Block[];
  /** Time of the last update, ISO 8601. */
  updated: string | null;
  clicks: Click[];
}

interface Stored {
  message: Message;
  /** Of the span in which it was posted: a click belongs to the same trace. */
  trace: TraceContext | undefined;
  /** All buttons that the message ever had: a click may race with an update that removes them. */
  buttons: Button[];
}

/** A real channel has an id in addition to its name; the mock derives it from the name, so it survives a restart. */
export function channelIdOf(channel: string): string {
  if (/^[CGD][A-Z0-9]{8,}$/.test(channel)) return channel;
  const digest = createHash("sha256").update(channel.replace(/^#/, "")).digest("hex");
  return `C${digest.slice(0, 10).toUpperCase()}`;
}

export class MessageStore {
  readonly #now: () => number;
  readonly #limit: number;
  #stored: Stored[] = [];
  #lastTsMicros = 0;

  /** `now` in milliseconds since 1970. */
  constructor({ now = Date.now, limit = defaultMessageLimit }: { now?: () => number; limit?: number } = {}) {
    this.#now = now;
    this.#limit = limit;
  }

  post(channel: string, text: string, blocks: Block[], trace?: TraceContext): Message {
    const message: Message = {
      channel,
      channelId: channelIdOf(channel),
      ts: this.#nextTs(),
      text,
      blocks,
      updated: null,
      clicks: [],
    };
    if (this.#stored.length >= this.#limit) this.#stored.shift();
    this.#stored.push({ message, trace, buttons: buttonsOf(blocks) });
    return message;
  }

  /** Undefined if the channel has no such message. Omitted text or blocks stay unchanged. */
  update(channel: string, ts: string, text: string | undefined, blocks: Block[] | undefined): Message | undefined {
    const stored = this.#stored.find(({ message }) => message.ts === ts && message.channelId === channelIdOf(channel));
    if (!stored) return undefined;
    stored.message.text = text ?? stored.message.text;
    stored.message.blocks = blocks ?? stored.message.blocks;
    stored.message.updated = new Date(this.#now()).toISOString();
    const known = new Set(stored.buttons.map(buttonKey));
    stored.buttons.push(...buttonsOf(stored.message.blocks).filter((button) => !known.has(buttonKey(button))));
    return stored.message;
  }

  all(): Message[] {
    return this.#stored.map(({ message }) => message);
  }

  hasButtons(message: Message): boolean {
    return buttonsOf(message.blocks).length > 0;
  }

  /**
   * The button to click: the ticket's, even if an update has removed it since; without a ticket, that of the newest message
   * that still shows it and, if `mentions` is given, contains that text.
   */
  findButton(
    action: string,
    { ticket, mentions = "" }: { ticket?: string | undefined; mentions?: string | undefined },
  ): { message: Message; button: Button; trace: TraceContext | undefined } | undefined {
    for (const { message, buttons, trace } of this.#stored.toReversed()) {
      if (mentions && !message.text.includes(mentions)) continue;
      const candidates = ticket === undefined ? buttonsOf(message.blocks) : buttons;
      const button = candidates.find(
        ({ actionId, value }) => actionId === action && (ticket === undefined || value === ticket),
      );
      if (button) return { message, button, trace };
    }
    return undefined;
  }

  clear(): void {
    this.#stored = [];
  }

  /** Seconds with six decimals, unique as in Slack: it is the message's id within its channel. */
  #nextTs(): string {
    this.#lastTsMicros = Math.max(this.#lastTsMicros + 1, Math.floor(this.#now()) * 1_000);
    const micros = String(this.#lastTsMicros).padStart(7, "0");
    return `${micros.slice(0, -6)}.${micros.slice(-6)}`;
  }
}

function buttonKey({ actionId, value }: Button): string {
  return JSON.stringify([actionId, value]);
}
