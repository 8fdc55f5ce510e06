import { messageOf } from "../lab-error.ts";
import type { RunningStack } from "../stacks/running-stack.ts";
import { type Damage, describeDamage } from "./existing-damage.ts";
import { FaultProxyControl } from "./fault-proxy-control.ts";

export interface Restored {
  what: string;
  /** Why it could not be restored, and what to do; absent when it is. */
  problem?: string;
}

/**
 * Restores damage that no journaled fault explains, at a person's request and only on the lab's own stacks. Journaled
 * faults are undone by their own undo.
 */
export async function restoreDamage(
  damage: readonly Damage[],
  running: RunningStack,
  signal: AbortSignal,
): Promise<Restored[]> {
  const restored: Restored[] = [];
  // A proxy that is down or is restarted comes first, since links are restored through it.
  const order = [...damage].sort((a, b) => rankOf(a, running) - rankOf(b, running));
  for (const each of order) {
    const what = describeDamage(each);
    try {
      await restore(each, running, signal);
      restored.push({ what });
    } catch (error) {
      restored.push({ what, problem: messageOf(error) });
    }
  }
  return restored;
}

function rankOf(damage: Damage, { stack }: RunningStack): number {
  if (!("service" in damage)) return damage.is === "missing" ? 1 : 2;
  return stack.services.find(({ name }) => name === damage.service)?.role === "fault-proxy" ? 0 : 3;
}

async function restore(damage: Damage, running: RunningStack, signal: AbortSignal): Promise<void> {
  const { driver, health } = running;
  switch (damage.is) {
    case "fault":
    case "undeclared":
      throw new Error("not restorable here: undo the fault, or leave the link");
    case "carried":
      throw new Error("not restorable here: undo the fault with `resilience-lab restore` in the lab that applied it");
    case "toxic":
      await proxyOf(running).control.disarm(damage.link, damage.toxic);
      return;
    case "closed":
      return proxyOf(running).control.open(damage.link);
    case "missing": {
      const { name, control } = proxyOf(running);
      if ((await control.links()).has(damage.link)) return;
      // The proxy reads its links when it starts.
      await driver.stop(name);
      return running.startAndWait(name, signal);
    }
    case "paused":
      await driver.resume(damage.service);
      return health.waitFor(damage.service, "up", signal);
    case "stopped":
      return running.startAndWait(damage.service, signal);
    case "isolated":
      throw new Error("how it was connected is not known; connect it with docker network connect");
    case "absent":
      throw new Error("the lab does not recreate containers; take the stack down and bring it up again");
  }
}

function proxyOf(running: RunningStack): { name: string; control: FaultProxyControl } {
  const proxy = running.stack.services.find(({ role }) => role === "fault-proxy");
  if (proxy === undefined) throw new Error("the stack has no fault proxy");
  return { name: proxy.name, control: new FaultProxyControl(`http://${running.address(proxy.name)}`, proxy.token) };
}
