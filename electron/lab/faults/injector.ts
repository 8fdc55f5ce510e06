import { randomUUID } from "node:crypto";
import type { Clock } from "../clock.ts";
import type { RunLog } from "../events/run-log.ts";
import type { FaultJournal, JournaledFault } from "../journal/fault-journal.ts";
import { messageOf } from "../lab-error.ts";
import type { FaultSpec } from "../scenarios/schema.ts";
import type { RunningStack } from "../stack/running-stack.ts";
import { aimOf, type FaultAim } from "./aim.ts";
import { readsRequests } from "./link-faults.ts";
import { type Prepared, prepareFault } from "./prepare.ts";
import { type Undone, undoFault } from "./undo.ts";
import { undoInRounds } from "./undo-in-rounds.ts";

/** Every fault ends: this long after it began when its scenario says nothing else. */
export const DEFAULT_LIFETIME_MS = 10 * 60_000;
/** The lab ends a fault in time, and counts what it hit; the fault proxy does it this much later if nobody has. */
const PROXY_EXPIRES_LATER_MS = 1_000;

export interface InjectorParts {
  stack: RunningStack;
  journal: FaultJournal;
  log: RunLog;
  clock: Clock;
}

interface OpenFault {
  aim: FaultAim;
  fault: JournaledFault;
}

/** Breaks services and links for one run and knows what is still broken. */
export class FaultInjector {
  readonly #parts: InjectorParts;
  /** In force, oldest first. */
  readonly #open: OpenFault[] = [];
  readonly #expiries = new Map<string, NodeJS.Timeout>();
  #lastTurn: Promise<unknown> = Promise.resolve();
  /** Set when a fault of this run was undone by another process. */
  wasUndoneOutside: string | undefined;

  constructor(parts: InjectorParts) {
    this.#parts = parts;
  }

  inForce(): readonly JournaledFault[] {
    return this.#open.map(({ fault }) => fault);
  }

  /**
   * Writes the intent, then breaks the target. A fault that finds its target already down breaks nothing: it is a
   * warning in the report, not an error, since the run may go on.
   */
  apply(spec: FaultSpec, signal: AbortSignal): Promise<string> {
    return this.#inTurn(() => this.#applyNow(aimOf(spec), signal));
  }

  async #applyNow(aim: FaultAim, signal: AbortSignal): Promise<string> {
    signal.throwIfAborted();
    const { stack, journal, log } = this.#parts;
    const { kind, target } = aim;
    journal.assertArmed();
    const prepared = await prepareFault(aim, stack);
    if (typeof prepared === "string") return this.#warnHitNothing(aim, prepared);
    const forMs = aim.forMs ?? DEFAULT_LIFETIME_MS;
    const fault = this.#intend(aim, prepared, forMs);
    this.#open.push({ aim, fault });
    const { id, undo, expiresWallMs } = fault;
    log.append({ type: "fault.intended", fault: id, kind, target, undo, expiresWallMs });
    await prepared.apply(id, forMs + PROXY_EXPIRES_LATER_MS);
    journal.applied(id);
    log.append({ type: "fault.applied", fault: id, detail: `${target} ${prepared.effect}` });
    if (aim.on === "service") stack.health.nudge(target);
    if (kind === "restart") await this.#undoNow(id, signal);
    else this.#expiries.set(id, this.#expireAfter(id, forMs));
    return `${target} ${prepared.effect}`;
  }

  #intend(aim: FaultAim, { identity, undo }: Prepared, forMs: number): JournaledFault {
    const { stack, journal, log, clock } = this.#parts;
    const intendedWallMs = clock.wallMs();
    const fault: JournaledFault = {
      id: randomUUID(),
      runId: log.runId,
      stackId: stack.registered.id,
      kind: aim.kind,
      target: aim.target,
      identity,
      undo,
      intendedWallMs,
      expiresWallMs: intendedWallMs + forMs,
    };
    journal.intend(fault);
    return fault;
  }

  /** Undoes what is in force on a target, or everything, latest first. Never throws: what is left is in the result. */
  async undo(target: string | "all", signal: AbortSignal): Promise<{ undone: number; residue: string[] }> {
    // In turn, so that a fault which is being applied right now is among them.
    const wanted = await this.#inTurn(async () =>
      this.#open.filter(({ fault }) => target === "all" || fault.target === target).reverse(),
    );
    const results = await undoInRounds(wanted, async (round) => {
      const undone: Undone[] = [];
      for (const { fault } of round) undone.push(await this.#inTurn(() => this.#undoNow(fault.id, signal)));
      return undone;
    });
    const residue = results.filter(({ result }) => result === "not restored").map(({ detail }) => detail);
    return { undone: wanted.length, residue };
  }

  /**
   * One change at a time: an expiry and a step never mend the same target together, and a rollback that follows a
   * cancelled step finds the fault of that step applied, not half applied.
   */
  #inTurn<Value>(change: () => Promise<Value>): Promise<Value> {
    const turn = this.#lastTurn.then(change);
    this.#lastTurn = turn.catch(() => {});
    return turn;
  }

  async #undoNow(id: string, signal: AbortSignal): Promise<Undone> {
    const { journal, log } = this.#parts;
    const index = this.#open.findIndex(({ fault }) => fault.id === id);
    const open = this.#open[index];
    if (open === undefined) return { result: "restored", detail: "it was already put back" };
    clearTimeout(this.#expiries.get(id));
    this.#expiries.delete(id);
    const undone = this.#undoneOutside(open.fault) ?? (await this.#undoForReal(open.fault, signal));
    if (undone.result !== "not restored") this.#open.splice(index, 1);
    log.append({ type: "fault.undone", fault: id, ...undone });
    try {
      journal.close(id, undone.result);
    } catch (error) {
      // The rest is undone all the same; the next start finds this one open, and that it was put back.
      const message = `the journal could not be told that ${open.fault.target} was put back: ${messageOf(error)}`;
      log.append({ type: "warning", code: "journal", message });
    }
    if (open.aim.on === "link" && readsRequests(open.aim.kind) && undone.hits === 0) {
      this.#warnHitNothing(open.aim, "no request met it while it was in force");
    }
    return undone;
  }

  #undoForReal(fault: JournaledFault, signal: AbortSignal): Promise<Undone> {
    const { stack, journal } = this.#parts;
    const waitUntilUp = (service: string, limit: AbortSignal) => stack.health.waitFor(service, "up", limit);
    const isHeldClosed = (link: string) =>
      this.inForce().some(({ id, kind, target }) => id !== fault.id && kind === "down" && target === link);
    const beganInVain = journal.aimAt.bind(journal);
    return undoFault(fault, { driver: stack.driver, waitUntilUp, isHeldClosed, beganInVain }, signal);
  }

  /** A halt, or the watchdog while this process hung, has been here first: the run was not what it says it was. */
  #undoneOutside({ id, kind, target }: JournaledFault): Undone | undefined {
    const result = this.#parts.journal.closedAs(id);
    if (result === undefined) return undefined;
    this.wasUndoneOutside = `${kind} ${target} was undone in mid-run, by a halt or by the watchdog`;
    return { result, detail: this.wasUndoneOutside };
  }

  #warnHitNothing({ kind, target }: FaultAim, why: string): string {
    const message = `fault ${kind} ${target} hit nothing: ${why}`;
    this.#parts.log.append({ type: "warning", code: "fault-hit-nothing", message });
    return message;
  }

  #expireAfter(id: string, lifetimeMs: number): NodeJS.Timeout {
    const undo = () => void this.#inTurn(() => this.#undoNow(id, new AbortController().signal));
    return setTimeout(undo, lifetimeMs).unref();
  }
}
