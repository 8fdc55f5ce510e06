import { formatDuration } from "../../model/duration.ts";
import type { Clock } from "../clock.ts";
import type { RunLog } from "../events/run-log.ts";
import { type FaultJournal, isOnLink, type JournaledFault } from "../journal/fault-journal.ts";
import { messageOf } from "../lab-error.ts";
import type { RunningStack } from "../stacks/running-stack.ts";
import type { FaultSpec } from "./fault-spec.ts";
import { whyNotInForce } from "./in-force.ts";
import { applyIntended, intendedFault, isRefusal, lifetimeMs } from "./intended-fault.ts";
import { type Prepared, prepareFault } from "./prepare.ts";
import { type RequestedFault, requestedFault } from "./requested-fault.ts";
import { retargeting, type Undone, undoFault } from "./undo.ts";
import { undoInRounds } from "./undo-in-rounds.ts";
import type { UndoTarget } from "./undo-target.ts";

export interface InjectorParts {
  stack: RunningStack;
  journal: FaultJournal;
  log: RunLog;
  clock: Clock;
  /** By how much expiries may be postponed in all, in milliseconds: see {@link FaultInjector.holdExpiries}. */
  postponesMs?: number;
}

interface OpenFault {
  requested: RequestedFault;
  fault: JournaledFault;
  /** When it expires, on the monotonic clock. Undefined before it is applied, and for a restart. */
  untilMs?: number;
  /** From then on changes of its target may be caused by the undo itself. */
  isUndoing?: true;
  /** Why it has ended before its time, once that was seen. */
  ended?: string | undefined;
}

/** Applies and undoes the faults of one run, and keeps those in force. */
export class FaultInjector {
  readonly #parts: InjectorParts;
  /** In force, oldest first. */
  readonly #open: OpenFault[] = [];
  readonly #expiries = new Map<string, NodeJS.Timeout>();
  #lastTurn: Promise<unknown> = Promise.resolve();
  /** How faults of this run deviated from its method: ended before their time, or had no effect. */
  readonly flaws: string[] = [];

  constructor(parts: InjectorParts) {
    this.#parts = parts;
  }

  inForce(): readonly JournaledFault[] {
    return this.#open.map(({ fault }) => fault);
  }

  /**
   * Writes the intent, then breaks the target. A fault whose target is already broken has no effect: the run continues,
   * and does not pass.
   * @throws LabError when it is refused, and then not in force, or when it is unknown whether it is in force
   */
  apply(spec: FaultSpec, signal: AbortSignal): Promise<string> {
    return this.#inTurn(() => this.#applyNow(requestedFault(spec), signal));
  }

  async #applyNow(requested: RequestedFault, signal: AbortSignal): Promise<string> {
    signal.throwIfAborted();
    const { stack, journal, log, clock } = this.#parts;
    const { kind, target } = requested;
    journal.assertArmed();
    const prepared = await prepareFault(requested, stack, this.inForce());
    if (typeof prepared === "string") {
      const message = this.#warnNoEffect(requested, prepared);
      this.flaws.push(message);
      return message;
    }
    const fault = intendedFault(requested, prepared, {
      runId: log.runId,
      stackId: stack.registered.id,
      intendedWallMs: clock.wallMs(),
    });
    journal.intend(fault);
    const open: OpenFault = { requested, fault };
    this.#open.push(open);
    const { id, undo, expiresWallMs } = fault;
    const { containers } = prepared;
    log.append({
      type: "fault.intended",
      fault: id,
      kind,
      target,
      undo,
      expiresWallMs,
      ...(containers && { containers }),
    });
    const lacking = await this.#carryOut(open, prepared);
    if (kind !== "restart") open.untilMs = clock.monotonicMs() + lifetimeMs(fault);
    journal.applied(id);
    log.append({ type: "fault.applied", fault: id, detail: `${target} ${prepared.effect}` });
    if (lacking !== undefined)
      log.append({ type: "warning", code: "fault-lacking", message: `${kind} ${target} is in force ${lacking}` });
    if (requested.on === "service") stack.health.nudge(target);
    if (kind === "restart") await this.#undoNow(id, signal);
    else this.#expiries.set(id, this.#expireAfter(id, lifetimeMs(fault)));
    return `${target} ${prepared.effect}`;
  }

  /** A refused fault was never in force. After any other failure that is unknown, and the fault stays open for the undo. */
  async #carryOut(open: OpenFault, prepared: Prepared): Promise<string | undefined> {
    try {
      return await applyIntended(open.fault, prepared, this.#parts.postponesMs);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      this.#open.splice(this.#open.indexOf(open), 1);
      this.#close(open, { result: "refused", detail: error.message });
      throw error;
    }
  }

  /**
   * Undoes the faults on a target, or all, latest first. Never throws: what could not be undone is in the result.
   * @param options.keepsObserved links that are only observed stay observed
   */
  async undo(
    target: string | "all",
    signal: AbortSignal,
    { keepsObserved = false } = {},
  ): Promise<{ undone: number; residue: string[] }> {
    // In turn, so that a fault that is being applied right now is included.
    const wanted = await this.#inTurn(async () =>
      this.#open
        .filter(({ fault }) => target === "all" || fault.target === target)
        .filter(({ fault }) => !keepsObserved || fault.kind !== "observe")
        .reverse(),
    );
    const results = await undoInRounds(wanted, async (round) => {
      const undone: Undone[] = [];
      for (const { fault } of round) undone.push(await this.#inTurn(() => this.#undoNow(fault.id, signal)));
      return undone;
    });
    const residue = results.filter(({ result }) => result === "not restored").map(({ detail }) => detail);
    return { undone: wanted.length, residue };
  }

  /** Lets the time of every fault in force stand still until the returned function is called. */
  holdExpiries(): () => void {
    const { clock, journal } = this.#parts;
    const heldMs = clock.monotonicMs();
    const held = this.#open.filter(({ untilMs }) => untilMs !== undefined);
    for (const { fault } of held) clearTimeout(this.#expiries.get(fault.id));
    return () => {
      const lastedMs = clock.monotonicMs() - heldMs;
      for (const open of held) {
        // Undone meanwhile, by a halt or a rollback.
        if (!this.#open.includes(open) || open.untilMs === undefined) continue;
        const { fault } = open;
        open.untilMs += lastedMs;
        fault.expiresWallMs += lastedMs;
        journal.postpone(fault.id, fault.expiresWallMs);
        this.#expiries.set(fault.id, this.#expireAfter(fault.id, Math.max(0, open.untilMs - clock.monotonicMs())));
      }
    };
  }

  /**
   * One change at a time: an expiry and a step never restore the same target concurrently, and a rollback after a
   * cancelled step finds the fault of that step fully applied.
   */
  #inTurn<Value>(change: () => Promise<Value>): Promise<Value> {
    const turn = this.#lastTurn.then(change);
    this.#lastTurn = turn.catch(() => {});
    return turn;
  }

  async #undoNow(id: string, signal: AbortSignal): Promise<Undone> {
    const open = this.#open.find(({ fault }) => fault.id === id);
    if (open === undefined) return { result: "restored", detail: "it was already restored" };
    clearTimeout(this.#expiries.get(id));
    this.#expiries.delete(id);
    const undone = this.#undoneOutside(open.fault) ?? (await this.#undoForReal(open, signal));
    if (undone.result !== "not restored") this.#open.splice(this.#open.indexOf(open), 1);
    this.#close(open, undone);
    if (undone.hits === 0 && open.requested.kind !== "observe")
      this.#warnNoEffect(open.requested, "no request met it while it was in force");
    return undone;
  }

  #close({ fault }: OpenFault, undone: Undone): void {
    const { journal, log } = this.#parts;
    log.append({ type: "fault.undone", fault: fault.id, ...undone });
    try {
      journal.close(fault.id, undone.result);
    } catch (error) {
      // The remaining faults are still undone; the next start finds this one open and its target restored.
      const message = `the journal could not record that ${fault.target} was restored: ${messageOf(error)}`;
      log.append({ type: "warning", code: "journal", message });
    }
  }

  /** Closes the faults that ended before their time. */
  async closeEnded(): Promise<void> {
    for (const open of [...this.#open]) {
      if ((await this.#whyEnded(open)) === undefined) continue;
      // Checked again in turn: a step or an expiry may be undoing it at this moment.
      await this.#inTurn(async () => {
        if (!this.#open.includes(open)) return;
        // Kept: the fault proxy, for one, may be restarted with the fault before the undo looks again.
        open.ended = await this.#whyEnded(open);
        if (open.ended === undefined) return;
        await this.#undoNow(open.fault.id, new AbortController().signal);
      });
    }
  }

  /** Why a fault ended before its time; undefined when it has not, or when a later fault of this run masks it. */
  async #whyEnded({ fault, untilMs, isUndoing }: OpenFault): Promise<string | undefined> {
    const { stack, journal, clock } = this.#parts;
    if (isUndoing || untilMs === undefined || clock.monotonicMs() >= untilMs) return undefined;
    if (journal.closedAs(fault.id) !== undefined) return undefined;
    const later = this.#open.slice(this.#open.findIndex((each) => each.fault === fault) + 1);
    if (!isOnLink(fault) && later.some((each) => each.fault.target === fault.target)) return undefined;
    return whyNotInForce(fault, stack.driver);
  }

  async #undoForReal(open: OpenFault, signal: AbortSignal): Promise<Undone> {
    const { stack, journal, log } = this.#parts;
    const { fault } = open;
    const ended = open.ended ?? (await this.#whyEnded(open));
    open.isUndoing = true;
    if (ended !== undefined) {
      const seen = `seen ${formatDuration(log.elapsedMs())} into the run`;
      const message = `${fault.kind} ${fault.target} ended before its time, by itself or by someone else: ${ended}, ${seen}`;
      this.flaws.push(message);
      log.append({ type: "warning", code: "fault-ended", message });
    }
    // A service without a probe, which only shares a namespace, is judged by its container alone.
    const waitUntilUp: UndoTarget["waitUntilUp"] = async (service, limit, accepts) => {
      if (stack.health.services().includes(service)) await stack.health.waitUntil(service, accepts, limit);
    };
    const isKeptClosed = (link: string) =>
      this.inForce().some(({ id, kind, target }) => id !== fault.id && kind === "down" && target === link);
    const inForce = () => this.inForce();
    const onNewInstance = retargeting(journal, inForce);
    return undoFault(fault, { driver: stack.driver, waitUntilUp, isKeptClosed, inForce, ...onNewInstance }, signal);
  }

  /** A halt, or the watchdog while this process hung, has already undone it: that is a flaw of the run. */
  #undoneOutside({ id, kind, target }: JournaledFault): Undone | undefined {
    const result = this.#parts.journal.closedAs(id);
    if (result === undefined) return undefined;
    const detail = `${kind} ${target} was undone in mid-run, by a halt or by the watchdog`;
    this.flaws.push(detail);
    return { result, detail };
  }

  #warnNoEffect({ kind, target }: RequestedFault, why: string): string {
    const message = `fault ${kind} ${target} had no effect: ${why}`;
    this.#parts.log.append({ type: "warning", code: "fault-hit-nothing", message });
    return message;
  }

  #expireAfter(id: string, lifetimeMs: number): NodeJS.Timeout {
    const undo = () => void this.#inTurn(() => this.#undoNow(id, new AbortController().signal));
    return setTimeout(undo, lifetimeMs).unref();
  }
}
