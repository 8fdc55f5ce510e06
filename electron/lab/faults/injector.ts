import { randomUUID } from "node:crypto";
import type { Clock } from "../clock.ts";
import type { RunLog } from "../events/run-log.ts";
import type { FaultJournal, JournaledFault } from "../journal/fault-journal.ts";
import type { FaultSpec } from "../scenarios/schema.ts";
import type { RunningStack } from "../stack/running-stack.ts";
import { serviceNamed } from "../stack/stack-file.ts";
import { FAULT_KINDS } from "./catalogue.ts";
import { kindAndTarget } from "./kind-and-target.ts";
import { undoFault } from "./undo.ts";

/** Every fault ends: this long after it began when its scenario says nothing else. */
const DEFAULT_LIFETIME_MS = 10 * 60_000;

export interface InjectorParts {
  stack: RunningStack;
  journal: FaultJournal;
  log: RunLog;
  clock: Clock;
}

/** Breaks services for one run and knows what is still broken. */
export class FaultInjector {
  readonly #parts: InjectorParts;
  /** In force, oldest first. */
  readonly #open: JournaledFault[] = [];
  readonly #expiries = new Map<string, NodeJS.Timeout>();
  #lastTurn: Promise<unknown> = Promise.resolve();

  constructor(parts: InjectorParts) {
    this.#parts = parts;
  }

  /** What is in force on each target. */
  inForce(): readonly JournaledFault[] {
    return this.#open;
  }

  /**
   * Writes the intent, then breaks the target. A fault that finds its target already down breaks nothing: it is a
   * warning in the report, not an error, since the run may go on.
   */
  apply(spec: FaultSpec, signal: AbortSignal): Promise<string> {
    return this.#inTurn(() => this.#applyNow(spec, signal));
  }

  async #applyNow(spec: FaultSpec, signal: AbortSignal): Promise<string> {
    signal.throwIfAborted();
    const { stack, journal, log, clock } = this.#parts;
    const { kind, target } = kindAndTarget(spec);
    const service = serviceNamed(stack.stack, target);
    const state = await stack.driver.stateOf(service.name);
    if (state.is !== "running") {
      const message = `fault ${kind} ${target} hit nothing: ${target} was already ${state.is}`;
      log.append({ type: "warning", code: "fault-hit-nothing", message });
      return message;
    }
    const lifetimeMs = ("for" in spec ? spec.for : undefined) ?? DEFAULT_LIFETIME_MS;
    const fault: JournaledFault = {
      id: randomUUID(),
      runId: log.runId,
      stackId: stack.registered.id,
      kind,
      target,
      identity: state.identity,
      undo: FAULT_KINDS[kind].undo,
      intendedWallMs: clock.wallMs(),
      expiresWallMs: clock.wallMs() + lifetimeMs,
    };
    journal.intend(fault);
    this.#open.push(fault);
    const { id, undo, expiresWallMs } = fault;
    log.append({ type: "fault.intended", fault: id, kind, target, undo, expiresWallMs });
    await FAULT_KINDS[kind].apply(stack.driver, target);
    journal.applied(id);
    log.append({ type: "fault.applied", fault: id, detail: `${target} ${FAULT_KINDS[kind].effect}` });
    stack.health.nudge(target);
    if (kind === "restart") await this.#undoNow(fault, signal);
    else this.#expiries.set(id, this.#expireAfter(fault, lifetimeMs));
    return `${target} ${FAULT_KINDS[kind].effect}`;
  }

  /** Undoes what is in force on a service, or everything, latest first. Never throws: what is left is in the result. */
  async undo(target: string | "all", signal: AbortSignal): Promise<{ undone: number; residue: string[] }> {
    const wanted = this.#open.filter((fault) => target === "all" || fault.target === target).reverse();
    const residue: string[] = [];
    for (const fault of wanted) {
      const { result, detail } = await this.#undo(fault, signal);
      if (result === "not restored") residue.push(detail);
    }
    return { undone: wanted.length, residue };
  }

  #undo(fault: JournaledFault, signal: AbortSignal) {
    return this.#inTurn(() => this.#undoNow(fault, signal));
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

  async #undoNow(fault: JournaledFault, signal: AbortSignal) {
    const { stack, journal, log } = this.#parts;
    const index = this.#open.indexOf(fault);
    if (index < 0) return { result: "restored" as const, detail: `${fault.target} was already put back` };
    clearTimeout(this.#expiries.get(fault.id));
    this.#expiries.delete(fault.id);
    const waitUntilUp = (service: string, limit: AbortSignal) => stack.health.waitFor(service, "up", limit);
    const undone = await undoFault(fault, { driver: stack.driver, waitUntilUp }, signal);
    if (undone.result !== "not restored") this.#open.splice(index, 1);
    journal.close(fault.id, undone.result);
    log.append({ type: "fault.undone", fault: fault.id, ...undone });
    return undone;
  }

  #expireAfter(fault: JournaledFault, lifetimeMs: number): NodeJS.Timeout {
    return setTimeout(() => void this.#undo(fault, new AbortController().signal), lifetimeMs).unref();
  }
}
