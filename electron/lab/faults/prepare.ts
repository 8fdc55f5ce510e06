import type { TargetedContainers } from "../../model/lab-event.ts";
import type { LifecycleFault } from "../../model/lifecycle-fault.ts";
import { type Baseline, sharersIn } from "../journal/baseline.ts";
import type { FaultIdentity, JournaledFault } from "../journal/fault-journal.ts";
import type { Replica } from "../journal/service-identity.ts";
import { LabError, messageOf } from "../lab-error.ts";
import type { ServiceState } from "../stacks/driver.ts";
import type { AskProxy } from "../stacks/link-sidecars.ts";
import { describeReplicas } from "../stacks/replica-states.ts";
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
  /** Of a service that runs in several. */
  containers?: TargetedContainers;
  /** Baseline of a service, where more than its own state is lost with it. */
  before?: Baseline | undefined;
  /**
   * Resolves to what it does not do as planned, as a text; undefined when it does all of it.
   * @param isStanding it outlives this process
   */
  apply(faultId: string, forMs: number, isStanding: boolean): Promise<string | undefined>;
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
  { kind, target, replicas: choice }: Extract<RequestedFault, { on: "service" }>,
  { stack, driver }: RunningStack,
  inForce: readonly JournaledFault[],
): Promise<Prepared | string> {
  assertSupported(kind, target, stack, driver.kind);
  const present = await driver.replicas(target);
  const breakable = present.filter(({ state }) => isBreakable(state, kind));
  const chosen = choice === "one" ? breakable.slice(0, 1) : breakable;
  if (chosen.length === 0) return `${target} was already ${present[0]?.state.is ?? "absent"}`;
  const replicas = chosen.flatMap(({ state }) => replicaIn(state));
  const known = inForce.flatMap(({ before }) => before ?? []);
  const ids = replicas.flatMap((each) => (each.kind === "container" ? [each.id] : []));
  const before = await driver.surroundings?.observe(target, kind, ids, known);
  const described = describeFault(kind, before && sharersIn(before));
  const [only, ...others] = replicas;
  const isWhole = only !== undefined && others.length === 0 && present.length === 1;
  const of = isWhole ? "" : ` (${describeReplicas(chosen, present.length)})`;
  const pausedAgain = replicas.some(({ wasPaused }) => wasPaused) ? ", and pause it again" : "";
  return {
    identity: isWhole ? only : { kind: "replicas", replicas },
    undo: `${described.undo}${pausedAgain}${of}`,
    effect: `${described.effect}${of}`,
    ...(present.length > 1 && { containers: { targeted: chosen.length, of: present.length } }),
    before,
    async apply() {
      await applyToAll(isWhole ? [undefined] : ids, (id) => FAULT_KINDS[kind].apply(driver, target, id));
      return undefined;
    },
  };
}

function isBreakable(state: ServiceState, kind: LifecycleFault): boolean {
  return state.is === "running" || (state.is === "paused" && FAULT_KINDS[kind].fromPaused);
}

function replicaIn(state: ServiceState): Replica[] {
  if (state.is === "running") return [state.identity];
  return state.is === "paused" ? [{ ...state.identity, wasPaused: true }] : [];
}

/** When one refuses, others may be broken: what has to be undone is not known to be nothing. */
async function applyToAll(ids: readonly (string | undefined)[], apply: (id: string | undefined) => Promise<void>) {
  if (ids.length === 1) return apply(ids[0]);
  const done = await Promise.allSettled(ids.map(apply));
  const failed = done.find((each) => each.status === "rejected");
  if (failed !== undefined) throw new LabError("internal", messageOf(failed.reason), { cause: failed.reason });
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
    async apply(faultId, forMs) {
      await (toxic === undefined ? proxy.close(target, forMs) : proxy.arm(target, faultId, toxic, forMs));
      return undefined;
    },
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
  const { from, to, port, by } = link;
  return {
    identity: { kind: "sidecar", from, to, port, ...(by === undefined ? {} : { by }) },
    undo: undoOfLink(kind, link),
    effect: effectOf(kind),
    apply: (id, forMs, isStanding) => sidecars.apply(link, { id, forMs, isStanding, arm: arm(id) }),
  };
}
