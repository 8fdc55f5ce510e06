import type { LifecycleFault } from "../../model/lifecycle-fault.ts";
import { containerOf, type JournaledFault, replicasOf } from "../journal/fault-journal.ts";
import { isSameInstance, type Replica, type ServiceIdentity } from "../journal/service-identity.ts";
import { settleAll } from "../settle-all.ts";
import type { ServiceState } from "../stacks/driver.ts";
import { brokenByOthers } from "./affected-services.ts";
import { FAULT_KINDS } from "./catalogue.ts";
import { assertAsBefore, restoreSurroundings } from "./surroundings.ts";
import type { UndoTarget } from "./undo-target.ts";
import type { Undone } from "./undone.ts";
import { waitForRecovery } from "./wait-for-recovery.ts";

/** A health check of a service that has not come up is not waited for once more: time is left for another attempt. */
const COMPARED_LIMIT_MS = 1_000;

/** What a fault targets of a service, while it is undone. */
interface Part {
  replica: Replica;
  container: string | undefined;
  before: ServiceState;
  /** Undefined while it is to be waited for. */
  done: Undone | undefined;
}

/** Undoes a fault on a service: each of the containers that it targeted, and no other. */
export async function undoServiceFault(
  fault: JournaledFault,
  target: UndoTarget,
  signal: AbortSignal,
): Promise<Undone> {
  const isBrokenByOther = brokenByOthers(target.inForce?.() ?? [], fault);
  const parts = await settleAll(
    replicasOf(fault.identity).map((replica) => revert(fault, replica, target, isBrokenByOther)),
  );
  const pending = parts.filter(({ done }) => done === undefined);
  // A lab that died during this same undo may have started it a moment ago: it may not be healthy yet.
  const isWaitedFor =
    pending.length > 0 || parts.some(({ done, before }) => isChanged(done) && before.is === "running");
  let outcome = "";
  if (isWaitedFor) {
    const after = new Map<Part, ServiceState>();
    try {
      outcome = await becomeUp(fault, target, isBrokenByOther, signal).catch((error: unknown) =>
        withDifferences(error, fault, target, isBrokenByOther, signal),
      );
    } finally {
      for (const part of pending) after.set(part, await stateAfter(fault, part, target));
    }
    for (const part of pending) {
      const state = after.get(part) ?? part.before;
      part.done = await verified(fault, part, state, target, isBrokenByOther, outcome);
    }
    const notRestored = parts.find(({ done }) => done?.result === "not restored");
    if (notRestored?.done !== undefined) return notRestored.done;
    const isLeftRunning = pending.length === 0 && parts.some(({ replica }) => replica.wasPaused);
    if (!isLeftRunning) await assertAsBefore(fault, target, isBrokenByOther, signal);
  }
  return summary(parts.flatMap(({ done }) => done ?? []));
}

function isChanged(done: Undone | undefined): boolean {
  return done?.result === "changed by someone else";
}

async function revert(
  fault: JournaledFault,
  replica: Replica,
  { driver }: UndoTarget,
  isBrokenByOther: (service: string) => boolean,
): Promise<Part> {
  const kind = FAULT_KINDS[fault.kind as LifecycleFault];
  const container = containerOf(fault.identity, replica);
  const before = await driver.stateOf(fault.target, container);
  const part = (done?: Undone): Part => ({ replica, container, before, done });
  if (replica.wasPaused && before.is === "paused" && isSameInstance(before.identity, replica)) {
    return part(pausedAsBefore(fault));
  }
  const changed = changedByOthers(fault, replica, before);
  if (changed !== undefined) return part({ result: "changed by someone else", detail: changed });
  await kind.revert(driver, fault.target, replica, fault.before, container);
  if (fault.kind !== "disconnect" || before.is === "running") return part();
  if (isBrokenByOther(fault.target)) {
    return part({
      result: "restored",
      detail: `${fault.target} is connected again, and ${before.is} by another fault`,
    });
  }
  const detail = `${fault.target} is connected again; someone else has left it ${before.is}`;
  return part({ result: "changed by someone else", detail });
}

async function stateAfter(fault: JournaledFault, { container }: Part, target: UndoTarget): Promise<ServiceState> {
  const after = await target.driver.stateOf(fault.target, container);
  if (after.is === "stopped" && after.identity !== undefined) target.onExitedAgain?.(fault, after.identity);
  return after;
}

async function verified(
  fault: JournaledFault,
  { replica, container }: Part,
  after: ServiceState,
  target: UndoTarget,
  isBrokenByOther: (service: string) => boolean,
  outcome: string,
): Promise<Undone> {
  if (after.is !== "running") return { result: "not restored", detail: `${fault.target} is ${after.is}` };
  if (after.isIsolated && !isBrokenByOther(fault.target)) {
    return { result: "not restored", detail: `${fault.target} is cut off from every network` };
  }
  if (!replica.wasPaused) return { result: "restored", detail: `${fault.target} ${outcome}` };
  target.onPausingAgain?.(fault, after.identity);
  await target.driver.pause(fault.target, container);
  const { is } = await target.driver.stateOf(fault.target, container);
  return is === "paused" ? pausedAsBefore(fault) : { result: "not restored", detail: `${fault.target} is ${is}` };
}

/** Of several containers, what became of each, equal texts once. */
function summary(done: readonly Undone[]): Undone {
  const [first = { result: "restored", detail: "nothing was to be restored" }, ...others] = done;
  if (others.length === 0) return first;
  const count = (each: Undone) => done.filter(({ detail }) => detail === each.detail).length;
  const details = new Set(done.map((each) => `${each.detail} (${count(each)} of ${done.length} containers)`));
  return { result: (done.find(isChanged) ?? first).result, detail: [...details].join("; ") };
}

/**
 * Waits until the target, and the services that were lost with it, are up. What another fault still breaks is left to
 * the undo of that fault.
 * @returns the resulting state of the target, as a text
 * @throws LabError when it does not come up
 */
async function becomeUp(
  fault: JournaledFault,
  target: UndoTarget,
  isBrokenByOther: (service: string) => boolean,
  signal: AbortSignal,
): Promise<string> {
  const restarted = await restoreSurroundings(fault, target, isBrokenByOther, signal);
  const more = restarted === undefined ? "" : `; ${restarted}`;
  if (isBrokenByOther(fault.target)) return `is running, and another fault on it is still in force${more}`;
  const health = await waitForRecovery(fault.target, fault, target, signal);
  return `is running and ${health === "up" ? "up" : "degraded, and another fault is still in force"}${more}`;
}

/** What keeps a service from being up may be that something is not as it was before: then that is named, too. */
async function withDifferences(
  error: unknown,
  fault: JournaledFault,
  target: UndoTarget,
  isBrokenByOther: (service: string) => boolean,
  signal: AbortSignal,
): Promise<never> {
  if (signal.aborted) throw error;
  const compared = assertAsBefore(fault, target, isBrokenByOther, signal, COMPARED_LIMIT_MS);
  await settleAll([Promise.reject(error), compared]);
  throw error;
}

function pausedAsBefore({ target }: JournaledFault): Undone {
  return { result: "restored", detail: `${target} is paused, as it was before` };
}

function changedByOthers(fault: JournaledFault, identity: ServiceIdentity, state: ServiceState): string | undefined {
  const kind = FAULT_KINDS[fault.kind as LifecycleFault];
  if (state.is === "absent") return `${fault.target} was removed by someone else; it is left so`;
  if (state.identity !== undefined && isAnother(state.identity, identity)) {
    return `${fault.target} was recreated by someone else; it is left ${state.is}`;
  }
  // Networks belong to a container, not to one instance of it.
  if (fault.kind === "disconnect") return undefined;
  if (fault.kind === "restart") {
    return state.is === "paused" ? `${fault.target} was paused by someone else; it is left so` : undefined;
  }
  const isOtherInstance = state.identity !== undefined && !isSameInstance(state.identity, identity);
  if (fault.kind === "pause" && (isOtherInstance || state.is === "stopped")) {
    return `${fault.target} is no longer the one that was paused; it is left ${state.is}`;
  }
  if (state.is === "stopped" && isOtherInstance) {
    return `${fault.target} was started and stopped by someone else meanwhile; it is left stopped`;
  }
  // The same instance still runs: the fault was never applied, and nobody else has touched it.
  if (kind.isInForce(state) || (state.is === "running" && !isOtherInstance)) return undefined;
  if (state.is === "running") {
    return `${fault.target} was already started again, by someone else or by a lab that died as it did so; it is left so`;
  }
  return `${fault.target} was found ${state.is}, which this lab has not done; it is left so`;
}

/** A process is a new one with each start; a container stays the same until it is removed. */
function isAnother(a: ServiceIdentity, b: ServiceIdentity): boolean {
  return a.kind === "container" && b.kind === "container" && a.id !== b.id;
}
