/**
 * Holds calls until a person decides, the time is up or nobody waits any more. The ticket in the database is settled
 * before the call is woken, and exactly one of approve, deny and expire settles it; everyone else learns how it ended.
 */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Progress } from "../calls/progress.ts";
import type { Caller } from "../mcp/exchange.ts";
import { digestOf } from "./digest.ts";
import { type Leftover, leftoverReason } from "./leftovers.ts";
import type { MessageRef, SlackChannel } from "./slack-channel.ts";
import { outcomeMessage, questionMessage } from "./slack-message.ts";
import type { Settlement, Ticket, TicketStatus } from "./ticket.ts";
import type { Tickets } from "./tickets.ts";

export interface ApprovalsOptions {
  tickets: Tickets;
  slack: SlackChannel;
  /** Undefined: a ticket waits until it is decided or its caller leaves. */
  ttlMs: number | undefined;
  log: (line: string) => void;
}

export interface HeldCall {
  callId: string;
  sessionId: string;
  turnId: string;
  tool: string;
  arguments: unknown;
  progress: Progress | undefined;
  caller: Caller;
}

/** `stopped`: the gateway ends while the ticket is pending; its next life ends the ticket. */
export type HoldResult = Settlement | { status: "stopped" };

export type ClickResult =
  | { kind: "settled"; ticket: string; tool: string; settlement: Settlement }
  | { kind: "already"; tool: string; status: TicketStatus; by: string | undefined }
  | { kind: "unknown" };

interface Hold {
  ticket: Ticket;
  call: HeldCall;
  settlement: Settlement | undefined;
  finish: (result: HoldResult) => void;
  posted: Promise<MessageRef | undefined>;
}

const progressEveryMs = 3_000;
/** How long the end of a hold may wait for the database to agree. */
const expiryPatienceMs = 1_000;
const correctionEveryMs = 1_000;
const rememberedEnds = 1_000;

export class Approvals {
  readonly #options: ApprovalsOptions;
  readonly #holds = new Map<string, Hold>();
  /** How holds ended that the database may not know of yet. */
  readonly #ended = new Map<string, { tool: string; settlement: Settlement }>();
  readonly #stop = new AbortController();

  constructor(options: ApprovalsOptions) {
    this.#options = options;
  }

  get waiting(): number {
    return this.#holds.size;
  }

  /** Resolves with how it ended. Nobody need be there to hear it: see the caller's `present`. */
  async hold(call: HeldCall): Promise<HoldResult> {
    const { tickets, slack, ttlMs, log } = this.#options;
    const startedAtMs = performance.now();
    const requestedAt = new Date();
    const ticket: Ticket = {
      id: randomUUID(),
      callId: call.callId,
      sessionId: call.sessionId,
      turnId: call.turnId,
      tool: call.tool,
      arguments: call.arguments,
      digest: digestOf(call.tool, call.arguments),
      requestedAt,
      expiresAt: ttlMs === undefined ? undefined : new Date(requestedAt.getTime() + ttlMs),
    };
    const ended = Promise.withResolvers<HoldResult>();
    const hold: Hold = {
      ticket,
      call,
      settlement: undefined,
      finish: ended.resolve,
      posted: Promise.resolve(undefined),
    };
    // Without a time limit the caller is all that keeps the ticket alive.
    const onAbsent = (): void => {
      if (ttlMs === undefined && this.#holds.has(ticket.id)) void this.#expire(hold, "caller left");
    };
    call.caller.startWaiting(onAbsent);
    try {
      await tickets.insert(ticket, slack.name);
    } catch (error) {
      log(`approvals: a ticket for ${call.tool} cannot be stored: ${(error as Error).message}`);
      call.caller.stopWaiting();
      return { status: "denied", by: undefined, reason: "approval could not be recorded" };
    }
    if (this.#stop.signal.aborted) return { status: "stopped" };
    this.#holds.set(ticket.id, hold);
    if (!call.caller.present) onAbsent();
    hold.posted = this.#ask(hold);
    const expire = (): void => void this.#expire(hold, "approval timeout");
    const remainingMs = (ttlMs ?? 0) - (performance.now() - startedAtMs);
    const expiry = ttlMs === undefined ? undefined : setTimeout(expire, Math.max(0, remainingMs));
    const progress = this.#reportProgress(hold);
    const result = await ended.promise;
    clearTimeout(expiry);
    clearInterval(progress);
    this.#holds.delete(ticket.id);
    call.caller.stopWaiting();
    return result;
  }

  /** A person's decision. Rejects when the database cannot be asked; the ticket is then as it was. */
  async decide(ticketId: string, decision: "approved" | "denied", by: string): Promise<ClickResult> {
    const hold = this.#holds.get(ticketId);
    if (!hold) return this.#decideUnheld(ticketId);
    const { tool } = hold.call;
    if (!hold.settlement) {
      const tooLate = decision === "approved" && !hold.call.caller.present;
      const settlement: Settlement = tooLate
        ? { status: "expired", by, reason: "caller left" }
        : { status: decision, by, reason: `${decision} by ${by}` };
      // Computed anew from what would be executed: an approval is for these arguments and no others.
      const digest = digestOf(tool, hold.call.arguments);
      if (await this.#settle(hold, settlement, digest)) return { kind: "settled", ticket: ticketId, tool, settlement };
    }
    const { status, by: decidedBy } = hold.settlement ?? { status: "pending", by: undefined };
    return { kind: "already", tool, status, by: decidedBy };
  }

  /** Replaces the buttons of messages whose ticket ended with an earlier life of the gateway. */
  async closeLeftovers(leftovers: readonly Leftover[]): Promise<void> {
    const settlement: Settlement = { status: "expired", by: undefined, reason: leftoverReason };
    for (const leftover of leftovers) {
      const { channel, messageTimestamp: timestamp } = leftover;
      if (!channel || !timestamp) continue;
      const message = outcomeMessage(leftover, settlement, new Date());
      await this.#options.slack.update({ channel, timestamp }, message, this.#stop.signal);
    }
  }

  /** Ends the waiting. The tickets stay pending, for the next life of the gateway to end them. */
  stop(): void {
    this.#stop.abort();
    for (const hold of [...this.#holds.values()]) hold.finish({ status: "stopped" });
  }

  async #decideUnheld(ticketId: string): Promise<ClickResult> {
    const ended = this.#ended.get(ticketId);
    if (ended) return { kind: "already", tool: ended.tool, status: ended.settlement.status, by: ended.settlement.by };
    const { tickets } = this.#options;
    const state = await tickets.read(ticketId);
    if (!state) return { kind: "unknown" };
    if (state.status === "pending") {
      // Its call was refused because storing the ticket seemed to fail.
      await tickets.settle(ticketId, undefined, { status: "expired", by: undefined, reason: "nobody waits for it" });
      return { kind: "already", tool: state.tool, status: "expired", by: undefined };
    }
    return { kind: "already", tool: state.tool, status: state.status, by: state.by };
  }

  /** True when this very settlement won. When another did, that one is taken over from the database. */
  async #settle(hold: Hold, settlement: Settlement, digest: string): Promise<boolean> {
    const { tickets } = this.#options;
    const { id } = hold.ticket;
    if (await tickets.settle(id, digest, settlement)) {
      // Another click may have read the new state and ended the hold with it before this answer arrived.
      if (!hold.settlement) this.#end(hold, settlement);
      return hold.settlement?.status === settlement.status;
    }
    const state = await tickets.read(id);
    if (state && state.status !== "pending" && !hold.settlement) {
      const reason = state.by ? `${state.status} by ${state.by}` : state.status;
      this.#end(hold, { status: state.status, by: state.by, reason });
    }
    return false;
  }

  async #expire(hold: Hold, reason: string): Promise<void> {
    if (hold.settlement || this.#stop.signal.aborted) return;
    const settlement: Settlement = { status: "expired", by: undefined, reason };
    const agreed = this.#settle(hold, settlement, hold.ticket.digest).catch(() => false);
    await Promise.race([agreed, sleep(expiryPatienceMs, undefined, { ref: false })]);
    if (hold.settlement) return;
    this.#end(hold, settlement);
    void this.#correctLater(hold, settlement);
  }

  #end(hold: Hold, settlement: Settlement): void {
    const { ticket, call } = hold;
    hold.settlement = settlement;
    this.#options.log(`approvals: ${call.tool} (${ticket.id}) ${settlement.status}: ${settlement.reason}`);
    this.#remember(ticket.id, call.tool, settlement);
    hold.finish(settlement);
    void this.#showOutcome(hold, settlement, new Date());
  }

  #remember(id: string, tool: string, settlement: Settlement): void {
    this.#ended.set(id, { tool, settlement });
    if (this.#ended.size > rememberedEnds) this.#ended.delete(this.#ended.keys().next().value ?? "");
  }

  /** The hold ended without the database's word for it; the record is put right when the database is back. */
  async #correctLater(hold: Hold, settlement: Settlement): Promise<void> {
    const { tickets, log } = this.#options;
    while (!this.#stop.signal.aborted) {
      try {
        await tickets.correct(hold.ticket.id, settlement);
        return;
      } catch {
        await sleep(correctionEveryMs, undefined, { signal: this.#stop.signal, ref: false }).catch(() => {});
      }
    }
    log(`approvals: ticket ${hold.ticket.id} ended as ${settlement.status}, which the database does not know yet`);
  }

  async #ask(hold: Hold): Promise<MessageRef | undefined> {
    const { slack, tickets, log } = this.#options;
    const ref = await slack.post(questionMessage(hold.ticket), this.#stop.signal);
    if (!ref) return undefined;
    try {
      await tickets.noteMessage(hold.ticket.id, ref.timestamp);
    } catch (error) {
      log(`approvals: the message of ticket ${hold.ticket.id} cannot be noted: ${(error as Error).message}`);
    }
    return ref;
  }

  async #showOutcome(hold: Hold, settlement: Settlement, at: Date): Promise<void> {
    const ref = await hold.posted;
    if (ref) await this.#options.slack.update(ref, outcomeMessage(hold.ticket, settlement, at), this.#stop.signal);
  }

  #reportProgress(hold: Hold): NodeJS.Timeout | undefined {
    const { progress, tool } = hold.call;
    if (!progress) return undefined;
    const startedAtMs = performance.now();
    const report = (): void => {
      const waitedSeconds = Math.round((performance.now() - startedAtMs) / 1_000);
      const message = `${tool} waits for an approval in ${this.#options.slack.name}`;
      progress.report({ progress: waitedSeconds, message });
    };
    report();
    return setInterval(report, progressEveryMs);
  }
}
