import type { UndoResult } from "../../model/lab-event.ts";
import type { LifecycleFault } from "../../model/lifecycle-fault.ts";
import type { FaultJournal, JournaledFault } from "../journal/fault-journal.ts";
import { isSameInstance, type ServiceIdentity } from "../journal/service-identity.ts";
import { LabError, messageOf } from "../lab-error.ts";
import type { ServiceState } from "../stacks/driver.ts";
import type { AskProxy } from "../stacks/link-sidecars.ts";
import { whenReachable } from "../when-reachable.ts";
import { brokenByOthers } from "./affected-services.ts";
import { FAULT_KINDS } from "./catalogue.ts";
import { FaultProxyControl, isMissing } from "./fault-proxy-control.ts";
import { assertAsBefore, restoreSurroundings } from "./surroundings.ts";
import type { UndoTarget } from "./undo-target.ts";
import { waitForRecovery } from "./wait-for-recovery.ts";

/** A restarting Docker engine is back within this time; after it the engine counts as gone. */
const ENGINE_BACK_LIMIT_MS = 10_000;

export interface Undone {
  result: UndoResult;
  detail: string;
  /** Requests that met the fault, where they are counted. */
  hits?: number;
}

/** Retargets journaled faults to the instances that their undo starts. @param open the faults that are not undone */
export function retargeting(
  journal: FaultJournal,
  open: () => readonly JournaledFault[],
): Pick<UndoTarget, "onExitedAgain" | "onPausingAgain"> {
  return {
    onExitedAgain: (fault, instance) => journal.retarget(fault, instance),
    onPausingAgain(fault, instance) {
      journal.retarget(fault, instance);
      for (const each of open())
        if (each.kind === "pause" && each.target === fault.target) journal.retarget(each, instance);
    },
  };
}

/**
 * Undoes a fault and verifies the resulting state. Safe to repeat. Changes that someone else has made to the target
 * meanwhile are left as they are, and reported.
 */
export async function undoFault(fault: JournaledFault, target: UndoTarget, signal: AbortSignal): Promise<Undone> {
  const { identity } = fault;
  try {
    if (identity.kind === "sidecar") {
      const undo = () => undoSidecarFault(fault, identity, target);
      return await whenReachable(undo, ENGINE_BACK_LIMIT_MS, signal);
    }
    if (identity.kind === "link") return await undoLinkFault(fault, identity.service, target, signal);
    return await whenReachable(() => undoServiceFault(fault, identity, target, signal), ENGINE_BACK_LIMIT_MS, signal);
  } catch (error) {
    return { result: "not restored", detail: `${fault.target}: ${reasonOf(error)}` };
  }
}

/** The platform's text for a time-out does not say what timed out. */
function reasonOf(error: unknown): string {
  const isTimeout = error instanceof DOMException && error.name === "TimeoutError";
  return isTimeout ? "the time for undoing ran out" : messageOf(error);
}

async function undoServiceFault(
  fault: JournaledFault,
  identity: ServiceIdentity & { wasPaused?: true },
  target: UndoTarget,
  signal: AbortSignal,
): Promise<Undone> {
  const kind = FAULT_KINDS[fault.kind as LifecycleFault];
  const before = await target.driver.stateOf(fault.target);
  if (identity.wasPaused && before.is === "paused" && isSameInstance(before.identity, identity))
    return pausedAsBefore(fault);
  const isBrokenByOther = brokenByOthers(target.inForce?.() ?? [], fault);
  const changed = changedByOthers(fault, identity, before);
  if (changed !== undefined) {
    // A lab that died during this same undo may have started it a moment ago: it may not be healthy yet.
    if (before.is === "running") {
      await becomeUp(fault, target, isBrokenByOther, signal);
      if (!identity.wasPaused) await assertAsBefore(fault, target, isBrokenByOther, signal);
    }
    return { result: "changed by someone else", detail: changed };
  }
  await kind.revert(target.driver, fault.target, identity, fault.before);
  if (fault.kind === "disconnect" && before.is !== "running") {
    if (isBrokenByOther(fault.target)) {
      return { result: "restored", detail: `${fault.target} is connected again, and ${before.is} by another fault` };
    }
    const detail = `${fault.target} is connected again; someone else has left it ${before.is}`;
    return { result: "changed by someone else", detail };
  }
  let after: ServiceState;
  let outcome: string;
  try {
    outcome = await becomeUp(fault, target, isBrokenByOther, signal);
  } finally {
    after = await target.driver.stateOf(fault.target);
    if (after.is === "stopped" && after.identity !== undefined) target.onExitedAgain?.(fault, after.identity);
  }
  if (after.is !== "running") return { result: "not restored", detail: `${fault.target} is ${after.is}` };
  if (after.isIsolated && !isBrokenByOther(fault.target)) {
    return { result: "not restored", detail: `${fault.target} is cut off from every network` };
  }
  if (identity.wasPaused) {
    target.onPausingAgain?.(fault, after.identity);
    await target.driver.pause(fault.target);
    const { is } = await target.driver.stateOf(fault.target);
    if (is !== "paused") return { result: "not restored", detail: `${fault.target} is ${is}` };
  }
  await assertAsBefore(fault, target, isBrokenByOther, signal);
  return identity.wasPaused ? pausedAsBefore(fault) : { result: "restored", detail: `${fault.target} ${outcome}` };
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

/** The rules first: without its proxy a link with rules is closed. */
async function undoSidecarFault(
  { id, kind, target: name, ...fault }: JournaledFault & { isApplied?: boolean },
  { from, to, port }: Extract<JournaledFault["identity"], { kind: "sidecar" }>,
  { driver: { sidecars } }: UndoTarget,
): Promise<Undone> {
  if (sidecars === undefined) throw new LabError("internal", `the driver of ${name} has no sidecars`);
  const disarm = async (ask: AskProxy) => {
    const proxy = new FaultProxyControl(ask);
    if (kind !== "down") return proxy.disarm(name, id);
    await proxy.open(name);
    return undefined;
  };
  const { hits } = await sidecars.undo({ name, from, to, port }, id, fault.isApplied !== false, disarm);
  const detail = `${name} passes everything again`;
  return { result: "restored", detail, ...(hits === undefined ? {} : { hits }) };
}

async function undoLinkFault(
  fault: JournaledFault,
  service: string,
  target: UndoTarget,
  signal: AbortSignal,
): Promise<Undone> {
  const take = () => removeFromLink(fault, target.isKeptClosed);
  try {
    return await take();
  } catch (error) {
    if (isMissing(error)) {
      const detail = `${fault.target} was removed from the fault proxy by someone else; restart ${service} to have it again`;
      return { result: "changed by someone else", detail };
    }
    // A proxy that has died took its links down with it. A new one starts without toxics; someone else, such as the
    // ProxyWatch of a run, may have started it a moment ago.
    if (!(error instanceof LabError)) throw error;
    const { is } = await target.driver.stateOf(service);
    if (is !== "stopped" && is !== "running") throw error;
    if (is === "stopped") await target.driver.start(service);
    await waitForRecovery(service, fault, target, signal);
    const { result, detail } = await take();
    return { result, detail: is === "stopped" ? `${detail}; the fault proxy had died and was started again` : detail };
  }
}

/** Removes a fault from its link. @throws LabError when the proxy does not answer */
export async function removeFromLink(
  { id, kind, target: link, identity }: JournaledFault,
  isKeptClosed: UndoTarget["isKeptClosed"],
): Promise<Undone> {
  if (identity.kind !== "link") throw new LabError("internal", `${link} is no link`);
  const proxy = new FaultProxyControl(identity.api, identity.token);
  if (kind === "down") return openLink(proxy, link);
  const hits = await proxy.disarm(link, id);
  const counted = hits === undefined ? {} : { hits };
  if (await proxy.isArmed(link, id)) return { result: "not restored", detail: `the fault is still on ${link}` };
  if (await proxy.isOpen(link)) {
    return { result: "restored", detail: `${link} passes everything again`, ...counted };
  }
  if (isKeptClosed?.(link)) {
    return { result: "restored", detail: `the fault is off ${link}, which another fault keeps closed`, ...counted };
  }
  const detail = `${link} was closed by someone else; it is left so`;
  return { result: "changed by someone else", detail, ...counted };
}

async function openLink(proxy: FaultProxyControl, link: string): Promise<Undone> {
  if (!(await proxy.isOpen(link))) await proxy.open(link);
  if (!(await proxy.isOpen(link))) return { result: "not restored", detail: `${link} is still closed` };
  return { result: "restored", detail: `${link} is open again` };
}
