/** Approves every message with buttons after a configured time, for unattended runs. */

import { buttonsOf } from "./block-kit.ts";
import type { Clicker } from "./clicker.ts";
import type { Message, MessageStore } from "./message-store.ts";

export class AutoApproval {
  readonly #store: MessageStore;
  readonly #clicker: Clicker;
  readonly #timers = new Map<Message, NodeJS.Timeout>();
  #afterMs: number | undefined;

  constructor(store: MessageStore, clicker: Clicker, afterMs: number | undefined) {
    this.#store = store;
    this.#clicker = clicker;
    this.#afterMs = afterMs;
  }

  /** Undefined disables it. For messages that are already waiting the time starts now. */
  set(afterMs: number | undefined): void {
    this.cancelAll();
    this.#afterMs = afterMs;
    for (const message of this.#store.all()) this.watch(message);
  }

  watch(message: Message): void {
    if (this.#afterMs === undefined || !this.#store.hasButtons(message) || this.#timers.has(message)) return;
    const timer = setTimeout(() => {
      this.#timers.delete(message);
      const ticket = buttonsOf(message.blocks)[0]?.value;
      if (ticket !== undefined) void this.#clicker.click({ action: "approve", ticket, user: "auto-approval" });
    }, this.#afterMs);
    this.#timers.set(message, timer);
  }

  cancelAll(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }
}
