import type { LifecycleFault } from "../../model/lifecycle-fault.ts";
import { containerOf, type JournaledFault, replicasOf } from "../journal/fault-journal.ts";
import { isSameInstance, type ServiceIdentity } from "../journal/service-identity.ts";
import type { StackDriver } from "../stacks/driver.ts";
import type { AskProxy } from "../stacks/link-sidecars.ts";
import { FAULT_KINDS } from "./catalogue.ts";
import { FaultProxyControl, isMissing } from "./fault-proxy-control.ts";

type SidecarIdentity = Extract<JournaledFault["identity"], { kind: "sidecar" }>;

/**
 * Reads the state of the target: why an applied fault is no longer in force, or undefined when it is. A fault whose
 * engine or proxy cannot be reached counts as in force.
 */
export async function whyNotInForce(fault: JournaledFault, driver: StackDriver): Promise<string | undefined> {
  const { identity } = fault;
  if (identity.kind === "sidecar") return whySidecarFaultEnded(fault, identity, driver);
  if (identity.kind === "link") return whyLinkFaultEnded(fault, identity, driver);
  const replicas = await Promise.all(
    replicasOf(identity).map((each) =>
      whyServiceFaultEnded(fault, each, containerOf(identity, each), driver).catch(() => undefined),
    ),
  );
  return replicas.find((why) => why !== undefined);
}

async function whyServiceFaultEnded(
  { kind, target }: JournaledFault,
  identity: ServiceIdentity,
  container: string | undefined,
  driver: StackDriver,
): Promise<string | undefined> {
  const state = await driver.stateOf(target, container);
  if (state.is === "absent") return `${target} was removed`;
  // Whether a stopped container would be isolated once it runs is not known.
  if (kind === "disconnect" && state.is !== "running") return undefined;
  if (!FAULT_KINDS[kind as LifecycleFault].isInForce(state)) return `${target} is ${state.is}`;
  const isOtherInstance = state.identity !== undefined && !isSameInstance(state.identity, identity);
  // Networks belong to a container, not to one instance of it.
  return isOtherInstance && kind !== "disconnect" ? `${target} was started meanwhile` : undefined;
}

async function whySidecarFaultEnded(
  { id, kind, target }: JournaledFault,
  link: SidecarIdentity,
  { sidecars }: StackDriver,
): Promise<string | undefined> {
  const isArmed = async (ask: AskProxy) => {
    const proxy = new FaultProxyControl(ask);
    // One that does not answer in time is not known to be without the fault.
    return (kind === "down" ? proxy.isOpen(target).then((isOpen) => !isOpen) : proxy.isArmed(target, id)).catch(
      () => true,
    );
  };
  return sidecars?.whyEnded({ ...link, name: target }, id, isArmed);
}

async function whyLinkFaultEnded(
  { id, kind, target }: JournaledFault,
  { api, service, token }: Extract<JournaledFault["identity"], { kind: "link" }>,
  driver: StackDriver,
): Promise<string | undefined> {
  const proxy = new FaultProxyControl(api, token);
  try {
    if (kind === "down") return (await proxy.isOpen(target)) ? `${target} is open` : undefined;
    return (await proxy.isArmed(target, id)) ? undefined : `it is no longer on ${target}`;
  } catch (error) {
    if (isMissing(error)) return `${target} was removed from ${service}`;
    const state = await driver.stateOf(service).catch(() => undefined);
    const isGone = state?.is === "stopped" || state?.is === "absent";
    return isGone ? `${service}, which carried it out, is ${state.is}` : undefined;
  }
}
