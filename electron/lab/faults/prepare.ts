import type { Baseline } from "../journal/baseline.ts";
import type { FaultIdentity, JournaledFault } from "../journal/fault-journal.ts";
import type { AskProxy } from "../stacks/link-sidecars.ts";
import type { RunningStack } from "../stacks/running-stack.ts";
import { type DirectLink, isProxied, linkNamed, serviceWithRole } from "../stacks/stack-file.ts";
import { assertSupported, describeFault, FAULT_KINDS, noSidecars, undoOfLink } from "./catalogue.ts";
import { FaultProxyControl } from "./fault-proxy-control.ts";
import { effectOf, toToxic } from "./link-faults.ts";
import type { RequestedFault } from "./requested-fault.ts";

/** A fault that is ready to be applied: the identity of its target, and how it is undone. */
export interface Prepared {
  identity: FaultIdentity;
  undo: string;
  effect: string;
  /** Baseline of a service, where more than its own state is lost with it. */
  before?: Baseline | undefined;
  /** @param isStanding it outlives this process */
  apply(faultId: string, forMs: number, isStanding: boolean): Promise<void>;
}

/**
 * Resolves to the reason when the fault would have no effect, since its target is already broken.
 * @param inForce faults on the same stack
 * @throws LabError `unsupported` for what the driver cannot do, `precondition` for what could not be undone completely
 */
export function prepareFault(
  requested: RequestedFault,
  stack: RunningStack,
  inForce: readonly JournaledFault[],
): Promise<Prepared | string> {
  return requested.on === "service"
    ? prepareServiceFault(requested, stack, inForce)
    : prepareLinkFault(requested, stack, inForce);
}

async function prepareServiceFault(
  { kind, target }: Extract<RequestedFault, { on: "service" }>,
  { stack, driver }: RunningStack,
  inForce: readonly JournaledFault[],
): Promise<Prepared | string> {
  assertSupported(kind, target, stack, driver.kind);
  const state = await driver.stateOf(target);
  const wasPaused = state.is === "paused" && FAULT_KINDS[kind].fromPaused;
  if (state.is !== "running" && !wasPaused) return `${target} was already ${state.is}`;
  const known = inForce.flatMap(({ before }) => before ?? []);
  const before = await driver.surroundings?.observe(target, kind, known);
  const { undo, effect } = describeFault(kind, before?.containers.slice(1));
  const apply = () => FAULT_KINDS[kind].apply(driver, target);
  if (!wasPaused) return { identity: state.identity, undo, effect, before, apply };
  const identity = { ...state.identity, wasPaused: true as const };
  return { identity, undo: `${undo}, and pause it again`, effect, before, apply };
}

async function prepareLinkFault(
  { kind, target, spec }: Extract<RequestedFault, { on: "link" }>,
  running: RunningStack,
  inForce: readonly JournaledFault[],
): Promise<Prepared | string> {
  const link = linkNamed(running.stack, target);
  if (!isProxied(link)) {
    const isClosed = inForce.some((other) => other.kind === "down" && other.target === target);
    return isClosed ? `${target} was already closed` : prepareSidecarFault({ kind, target, spec }, link, running);
  }
  const { name: service, token } = serviceWithRole(running.stack, "fault-proxy", `fault ${kind} ${target}`);
  const api = `http://${running.address(service)}`;
  const proxy = new FaultProxyControl(api, token);
  if (!(await proxy.isOpen(target))) return `${target} was already closed`;
  const toxic = toToxic(kind, spec);
  return {
    identity: { kind: "link", api, service, ...(token !== undefined && { token }) },
    undo: undoOfLink(kind, link),
    effect: effectOf(kind),
    apply: (faultId, forMs) =>
      toxic === undefined ? proxy.close(target, forMs) : proxy.arm(target, faultId, toxic, forMs),
  };
}

/** @throws LabError `unsupported` where links have no declared fault proxy and the driver no network namespaces */
async function prepareSidecarFault(
  { kind, target, spec }: Pick<Extract<RequestedFault, { on: "link" }>, "kind" | "target" | "spec">,
  link: DirectLink,
  { driver: { sidecars, kind: driver } }: RunningStack,
): Promise<Prepared> {
  if (sidecars === undefined) throw noSidecars(`${kind} ${target}`, driver);
  await sidecars.prepare(link);
  const toxic = toToxic(kind, spec);
  const arm = (id: string) => async (ask: AskProxy, forMs: number) => {
    const proxy = new FaultProxyControl(ask);
    await (toxic === undefined ? proxy.close(target, forMs) : proxy.arm(target, id, toxic, forMs));
  };
  const { from, to, port } = link;
  return {
    identity: { kind: "sidecar", from, to, port },
    undo: undoOfLink(kind, link),
    effect: effectOf(kind),
    apply: (id, forMs, isStanding) => sidecars.apply(link, { id, forMs, isStanding, arm: arm(id) }),
  };
}
