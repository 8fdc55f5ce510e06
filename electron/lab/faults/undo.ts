import type { FaultJournal, JournaledFault } from "../journal/fault-journal.ts";
import { LabError, messageOf } from "../lab-error.ts";
import type { AskProxy } from "../stacks/link-sidecars.ts";
import { whenReachable } from "../when-reachable.ts";
import { FaultProxyControl, isMissing } from "./fault-proxy-control.ts";
import { undoServiceFault } from "./undo-service.ts";
import type { UndoTarget } from "./undo-target.ts";
import type { Undone } from "./undone.ts";
import { waitForRecovery } from "./wait-for-recovery.ts";

/** A restarting Docker engine is back within this time; after it the engine counts as gone. */
const ENGINE_BACK_LIMIT_MS = 10_000;

export type { Undone } from "./undone.ts";

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
    return await whenReachable(() => undoServiceFault(fault, target, signal), ENGINE_BACK_LIMIT_MS, signal);
  } catch (error) {
    return { result: "not restored", detail: `${fault.target}: ${reasonOf(error)}` };
  }
}

/** The platform's text for a time-out does not say what timed out. */
function reasonOf(error: unknown): string {
  const isTimeout = error instanceof DOMException && error.name === "TimeoutError";
  return isTimeout ? "the time for undoing ran out" : messageOf(error);
}

/** The rules first: without its proxy a link with rules is closed. */
async function undoSidecarFault(
  { id, kind, target: name, ...fault }: JournaledFault & { isApplied?: boolean },
  { kind: _, ...ends }: Extract<JournaledFault["identity"], { kind: "sidecar" }>,
  { driver: { sidecars } }: UndoTarget,
): Promise<Undone> {
  if (sidecars === undefined) throw new LabError("internal", `the driver of ${name} has no sidecars`);
  const disarm = async (ask: AskProxy) => {
    const proxy = new FaultProxyControl(ask);
    if (kind !== "down") return proxy.disarm(name, id);
    await proxy.open(name);
    return undefined;
  };
  const { hits } = await sidecars.undo({ name, ...ends }, id, fault.isApplied !== false, disarm);
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
