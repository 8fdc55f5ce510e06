/** The messages of the workspace, oldest first. The oldest go when the limit is reached. */
import { createHash } from "node:crypto";
import { type Block, type Button, buttonsOf } from "./block-kit.ts";

const messageLimit = 500;

export interface Click {
  action: string;
  user: string;
  ticket: string;
  /** ISO 8601 */
  at: string;
  /** HTTP status of the gateway's answer; null when there was none. */
  status: number | null;
}

export interface Message {
  /** As the caller named it, `#approvals` for instance. */
  channel: string;
  channelId: string;
  ts: string;
  text: string;
  blocks: Block[];
  /** When it was last updated, ISO 8601. */
  updated: string | null;
  clicks: Click[];
}

interface Stored {
  message: Message;
  /** All that the message ever had: someone may click just before an update takes the buttons away. */
  buttons: Button[];
}

/** A real channel has an id besides its name; the mock derives it, so that it is the same after a restart. */
export function channelIdOf(channel: string): string {
  if (/^[CGD][A-Z0-9]{8,}$/.test(channel)) return channel;
  const digest = createHash("sha256").update(channel.replace(/^#/, "")).digest("hex");
  return `C${digest.slice(0, 10).toUpperCase()}`;
}

export class MessageStore {
  readonly #now: () => number;
  #stored: Stored[] = [];
  #lastTsMicros = 0;

  /** `now` in milliseconds since 1970. */
  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  post(channel: string, text: string, blocks: Block[]): Message {
    const message: Message = {
      channel,
      channelId: channelIdOf(channel),
      ts: this.#nextTs(),
      text,
      blocks,
      updated: null,
      clicks: [],
    };
    if (this.#stored.length >= messageLimit) this.#stored.shift();
    this.#stored.push({ message, buttons: buttonsOf(blocks) });
    return message;
  }

  /** Undefined when the channel has no such message. Text or blocks left out stay as they are. */
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
   * The button to click: that of the ticket, also when an update has taken it away since, or without a ticket that of
   * the newest message which still shows it and, if asked for, has a text in it.
   */
  findButton(
    action: string,
    { ticket, mentions = "" }: { ticket?: string | undefined; mentions?: string | undefined },
  ): { message: Message; button: Button } | undefined {
    for (const { message, buttons } of this.#stored.toReversed()) {
      if (mentions && !message.text.includes(mentions)) continue;
      const candidates = ticket === undefined ? buttonsOf(message.blocks) : buttons;
      const button = candidates.find(
        ({ actionId, value }) => actionId === action && (ticket === undefined || value === ticket),
      );
      if (button) return { message, button };
    }
    return undefined;
  }

  clear(): void {
    this.#stored = [];
  }

  /** Seconds with six decimals and never twice, as Slack's are: it is the message's id in its channel. */
  #nextTs(): string {
    this.#lastTsMicros = Math.max(this.#lastTsMicros + 1, Math.floor(this.#now()) * 1_000);
    const micros = String(this.#lastTsMicros).padStart(7, "0");
    return `${micros.slice(0, -6)}.${micros.slice(-6)}`;
  }
}

function buttonKey({ actionId, value }: Button): string {
  return JSON.stringify([actionId, value]);
}
