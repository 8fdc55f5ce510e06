/**
 * Holds calls until a person decides, the timeout expires or no caller waits any more. The ticket in the database is
 * settled before the call continues, by exactly one of approve, deny and expire; later attempts get the stored outcome.
 *
 * A call is executed only for a connected caller. An approval that arrives while the caller is disconnected is kept: the
 * ticket stays pending, and is approved when the caller returns or expires if it does not.
 */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { TraceContext } from "../../telemetry/span.ts";
import type { Caller } from "../sessions/exchange.ts";
import type { Progress } from "../sessions/progress.ts";
import { digestOf } from "./digest.ts";
import { type OrphanedTicket, orphanReason } from "./orphaned-tickets.ts";
import { Question } from "./question.ts";
import type { SlackChannel } from "./slack-channel.ts";
import { outcomeMessage } from "./slack-message.ts";
import type { Settlement, Ticket, TicketStatus } from "./ticket.ts";
import type { TicketStore } from "./tickets.ts";
import { standsAtMostMs, TimeLeft } from "./time-left.ts";

export interface ApprovalsOptions {
  tickets: TicketStore;
  slack: SlackChannel;
  /** Undefined: a ticket waits until it is decided or its caller leaves. */
  ttlMs: number | undefined;
  /** How long a disconnected caller may take to return. */
  callerReturnMs: number;
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
  /** Of the call's span, for what is asked because of it. */
  trace?: TraceContext | undefined;
}

/** `stopped`: the gateway stops while the ticket is pending; the ticket expires at the next start. */
export type HoldResult = Settlement | { status: "stopped" };

export type ClickResult =
  | { kind: "settled"; ticket: string; tool: string; settlement: Settlement }
  /** Approved, and executed if the caller returns in time. */
  | { kind: "kept"; tool: string; by: string }
  | { kind: "already"; tool: string; status: TicketStatus; by: string | undefined }
  | { kind: "unknown" };

interface Hold {
  ticket: Ticket;
  call: HeldCall;
  settlement: Settlement | undefined;
  finish: (result: HoldResult) => void;
  /** Absent for a ticket without a limit. */
  time: TimeLeft | undefined;
  question: Question | undefined;
  /** Runs while the caller is disconnected. */
  returnTimer: NodeJS.Timeout | undefined;
  /** Who approved while the caller was disconnected. */
  keptBy: string | undefined;
}

const progressEveryMs = 3_000;
/** How long the expiry of a hold may wait for the database. */
const expiryWaitMs = 1_000;
const correctionEveryMs = 1_000;
const rememberedEnds = 1_000;

export class Approvals {
  readonly #options: ApprovalsOptions;
  readonly #holds = new Map<string, Hold>();
  /** Outcomes of ended holds, which the database may not have yet. */
  readonly #ended = new Map<string, { tool: string; settlement: Settlement }>();
  readonly #stop = new AbortController();
  /** While the time of waiting calls stands still. */
  #goesOn: NodeJS.Timeout | undefined;

  constructor(options: ApprovalsOptions) {
    this.#options = options;
  }

  get waiting(): number {
    return this.#holds.size;
  }

  /** Number of waiting calls whose caller is disconnected. */
  get callersAway(): number {
    return [...this.#holds.values()].filter(({ returnTimer }) => returnTimer !== undefined).length;
  }

  /** Resolves with the outcome. The caller may be disconnected by then: see its `present`. */
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
      time: undefined,
      question: undefined,
      returnTimer: undefined,
      keptBy: undefined,
    };
    call.caller.startWaiting({ onAbsent: () => this.#callerAway(hold), onReturn: () => this.#callerBack(hold) });
    try {
      await tickets.insert(ticket, slack.name);
    } catch (error) {
      log(`approvals: a ticket for ${call.tool} cannot be stored: ${(error as Error).message}`);
      call.caller.stopWaiting();
      return { status: "denied", by: undefined, reason: "approval could not be recorded" };
    }
    if (this.#stop.signal.aborted) return { status: "stopped" };
    this.#holds.set(ticket.id, hold);
    if (!call.caller.present) this.#callerAway(hold);
    hold.question = new Question(ticket, this.#options, call.trace);
    if (ttlMs !== undefined) {
      const remainingMs = ttlMs - (performance.now() - startedAtMs);
      hold.time = new TimeLeft(remainingMs, () => void this.#expire(hold, "approval timeout"));
      if (this.#goesOn === undefined) hold.time.go();
      else this.#noteTimes().catch((error: Error) => log(`approvals: ${error.message}`));
    }
    const progress = this.#reportProgress(hold);
    const result = await ended.promise;
    hold.time?.stand();
    clearInterval(progress);
    clearTimeout(hold.returnTimer);
    hold.question.end();
    this.#holds.delete(ticket.id);
    call.caller.stopWaiting();
    return result;
  }

  /** Lets the time of waiting calls stand still, ten minutes at most, or go on. Resolves when their tickets say so. */
  async letStand(stands: boolean): Promise<void> {
    clearTimeout(this.#goesOn);
    this.#goesOn = stands ? setTimeout(() => void this.letStand(false).catch(() => {}), standsAtMostMs) : undefined;
    this.#goesOn?.unref();
    for (const { time } of this.#holds.values()) {
      if (stands) time?.stand();
      else time?.go();
    }
    await this.#noteTimes();
  }

  /** Waiting calls expire after this time from now, but for those without a limit. */
  async setTimeLeft(leftMs: number): Promise<void> {
    for (const { time } of this.#holds.values()) time?.set(leftMs);
    await this.#noteTimes();
  }

  async #noteTimes(): Promise<void> {
    const limited = [...this.#holds.values()].filter(({ time }) => time !== undefined);
    await Promise.all(
      limited.map(({ ticket, time }) =>
        this.#options.tickets.noteExpiry(
          ticket.id,
          this.#goesOn === undefined && time !== undefined ? new Date(Date.now() + time.leftMs) : undefined,
        ),
      ),
    );
  }

  /** A person's decision. Rejects if the database cannot be reached; the ticket is then unchanged. */
  async decide(ticketId: string, decision: "approved" | "denied", by: string): Promise<ClickResult> {
    const hold = this.#holds.get(ticketId);
    if (!hold) return this.#decideUnheld(ticketId);
    const { tool, caller } = hold.call;
    if (!hold.settlement && decision === "approved" && !caller.present) {
      if (!caller.signal.aborted) {
        hold.keptBy ??= by;
        return { kind: "kept", tool, by: hold.keptBy };
      }
      await this.#expire(hold, "caller left");
    }
    if (!hold.settlement && (await this.#decideHeld(hold, decision, by)) && hold.settlement) {
      return { kind: "settled", ticket: ticketId, tool, settlement: hold.settlement };
    }
    const { status, by: decidedBy } = hold.settlement ?? { status: "pending", by: undefined };
    return { kind: "already", tool, status, by: decidedBy };
  }

  /** Replaces the buttons of messages whose tickets an earlier gateway process left pending. */
  async closeOrphanedTickets(orphans: readonly OrphanedTicket[]): Promise<void> {
    const settlement: Settlement = { status: "expired", by: undefined, reason: orphanReason };
    const { slack } = this.#options;
    for (const orphan of orphans) {
      const { id, channel, messageTimestamp: timestamp } = orphan;
      // The gateway may have stopped after posting the message and before storing its timestamp.
      const ref = channel && timestamp ? { channel, timestamp } : await slack.find(id);
      if (ref) await slack.update(ref, outcomeMessage(orphan, settlement, new Date()));
    }
  }

  /** Ends all holds. The tickets stay pending; they expire at the gateway's next start. */
  stop(): void {
    this.#stop.abort();
    clearTimeout(this.#goesOn);
    this.#options.slack.stop();
    for (const hold of [...this.#holds.values()]) hold.finish({ status: "stopped" });
  }

  #callerAway(hold: Hold): void {
    if (hold.settlement || !this.#holds.has(hold.ticket.id)) return;
    if (hold.call.caller.signal.aborted) void this.#expire(hold, "caller left");
    else hold.returnTimer ??= setTimeout(() => void this.#expire(hold, "caller left"), this.#options.callerReturnMs);
  }

  #callerBack(hold: Hold): void {
    clearTimeout(hold.returnTimer);
    hold.returnTimer = undefined;
    if (hold.keptBy !== undefined) void this.#approveKept(hold, hold.keptBy);
  }

  async #approveKept(hold: Hold, by: string): Promise<void> {
    while (!hold.settlement && hold.call.caller.present && !this.#stop.signal.aborted) {
      try {
        await this.#decideHeld(hold, "approved", by);
        return;
      } catch (error) {
        this.#options.log(`approvals: ${hold.ticket.id} cannot be approved yet: ${(error as Error).message}`);
        await sleep(correctionEveryMs, undefined, { signal: this.#stop.signal, ref: false }).catch(() => {});
      }
    }
  }

  /** True if this decision won. The digest is recomputed: an approval applies only to the arguments that are executed. */
  #decideHeld(hold: Hold, decision: "approved" | "denied", by: string): Promise<boolean> {
    const digest = digestOf(hold.call.tool, hold.call.arguments);
    return this.#settle(hold, { status: decision, by, reason: `${decision} by ${by}` }, digest);
  }

  async #decideUnheld(ticketId: string): Promise<ClickResult> {
    const ended = this.#ended.get(ticketId);
    if (ended) return { kind: "already", tool: ended.tool, status: ended.settlement.status, by: ended.settlement.by };
    const { tickets } = this.#options;
    const state = await tickets.read(ticketId);
    if (!state) return { kind: "unknown" };
    if (state.status === "pending") {
      // The call was refused because storing the ticket appeared to fail.
      await tickets.settle(ticketId, undefined, { status: "expired", by: undefined, reason: "no caller is waiting" });
      return { kind: "already", tool: state.tool, status: "expired", by: undefined };
    }
    return { kind: "already", tool: state.tool, status: state.status, by: state.by };
  }

  /** True if this settlement won. Otherwise the winning one is read from the database. */
  async #settle(hold: Hold, settlement: Settlement, digest: string): Promise<boolean> {
    const { tickets } = this.#options;
    const { id } = hold.ticket;
    if (await tickets.settle(id, digest, settlement)) {
      // A concurrent click may have read the new state and ended the hold before this response arrived.
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
    const why = hold.keptBy === undefined ? reason : `approved by ${hold.keptBy}, but the caller did not return`;
    const settlement: Settlement = { status: "expired", by: undefined, reason: why };
    const agreed = this.#settle(hold, settlement, hold.ticket.digest).catch(() => false);
    await Promise.race([agreed, sleep(expiryWaitMs, undefined, { ref: false })]);
    if (hold.settlement) return;
    this.#end(hold, settlement);
    void this.#correctLater(hold, settlement);
  }

  #end(hold: Hold, outcome: Settlement): void {
    const { ticket, call } = hold;
    const isTooLate = outcome.status === "approved" && call.caller.signal.aborted;
    const settlement: Settlement = isTooLate ? { ...outcome, status: "expired", reason: "caller left" } : outcome;
    hold.settlement = settlement;
    if (isTooLate) void this.#correctLater(hold, settlement);
    this.#options.log(`approvals: ${call.tool} (${ticket.id}) ${settlement.status}: ${settlement.reason}`);
    this.#remember(ticket.id, call.tool, settlement);
    hold.finish(settlement);
    void hold.question?.showOutcome(settlement, new Date());
  }

  #remember(id: string, tool: string, settlement: Settlement): void {
    this.#ended.set(id, { tool, settlement });
    if (this.#ended.size > rememberedEnds) this.#ended.delete(this.#ended.keys().next().value ?? "");
  }

  /** The hold ended without the database's confirmation; the row is corrected once the database is reachable. */
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
    log(`approvals: ticket ${hold.ticket.id} ended as ${settlement.status}, which is not in the database yet`);
  }

  #reportProgress(hold: Hold): NodeJS.Timeout | undefined {
    const { progress, tool } = hold.call;
    if (!progress) return undefined;
    const startedAtMs = performance.now();
    const report = (): void => {
      const waitedSeconds = Math.round((performance.now() - startedAtMs) / 1_000);
      const message = `${tool} is waiting for approval in ${this.#options.slack.name}`;
      progress.report({ progress: waitedSeconds, message });
    };
    report();
    return setInterval(report, progressEveryMs);
  }
}
