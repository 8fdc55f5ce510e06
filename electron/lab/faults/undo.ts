import { withDeadline } from "../clock.ts";
import type { UndoResult } from "../events/lab-event.ts";
import type { JournaledFault } from "../journal/fault-journal.ts";
import { messageOf } from "../lab-error.ts";
import type { LifecycleFault } from "../scenarios/schema.ts";
import { type ServiceState, type StackDriver, sameLife } from "../stack/driver.ts";
import { FAULT_KINDS } from "./catalogue.ts";

/** A service that is not up after this long counts as not restored. */
const HEALTHY_LIMIT_MS = 20_000;

export interface Undone {
  result: UndoResult;
  detail: string;
}

/** What undoing needs of a stack: a driver, and someone who knows when a service is well. */
export interface UndoTarget {
  driver: StackDriver;
  waitUntilUp(service: string, signal: AbortSignal): Promise<void>;
}

/**
 * Undoes a fault and looks at the real state after: restored only when the service runs and its probe says up. Safe to
 * repeat. What someone else has done to the target meanwhile is left as it is, and said.
 */
export async function undoFault(fault: JournaledFault, target: UndoTarget, signal: AbortSignal): Promise<Undone> {
  const kind = FAULT_KINDS[fault.kind as LifecycleFault];
  try {
    const before = await target.driver.stateOf(fault.target);
    const changed = changedByOthers(fault, before);
    if (changed !== undefined) return { result: "changed by someone else", detail: changed };
    await kind.revert(target.driver, fault.target);
    await target.waitUntilUp(fault.target, withDeadline(signal, HEALTHY_LIMIT_MS));
    const after = await target.driver.stateOf(fault.target);
    if (after.is !== "running") return { result: "not restored", detail: `${fault.target} is ${after.is}` };
    return { result: "restored", detail: `${fault.target} is running and up` };
  } catch (error) {
    return { result: "not restored", detail: `${fault.target}: ${messageOf(error)}` };
  }
}

function changedByOthers(fault: JournaledFault, state: ServiceState): string | undefined {
  const kind = FAULT_KINDS[fault.kind as LifecycleFault];
  if (fault.kind === "restart") {
    return state.is === "paused" ? `${fault.target} was paused by someone else; it is left so` : undefined;
  }
  const isOtherLife = state.is !== "stopped" && !sameLife(state.identity, fault.identity);
  if (fault.kind === "pause" && (isOtherLife || state.is === "stopped")) {
    return `${fault.target} is no longer the one that was paused; it is left ${state.is}`;
  }
  // Before the fault was applied the same life runs on: there is nothing to undo, and nobody else has touched it.
  if (kind.isInForce(state) || (state.is === "running" && !isOtherLife)) return undefined;
  return `${fault.target} was found ${state.is}, which this lab has not done; it is left so`;
}
