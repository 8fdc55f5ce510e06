import type { JournaledFault } from "../journal/fault-journal.ts";

/** The services that a fault breaks: its target, and those that share a namespace with it. */
export function servicesOf({ target, identity, before }: JournaledFault): string[] {
  if (identity.kind === "link") return [];
  return [target, ...(before?.containers.map(({ service }) => service) ?? [])];
}

/** True for a service that another fault of this lab keeps broken, so that it cannot be well yet. */
export function heldByOthers(open: readonly JournaledFault[], { id }: JournaledFault): (service: string) => boolean {
  const held = new Set(open.filter((other) => other.id !== id).flatMap(servicesOf));
  return (service) => held.has(service);
}

/** Faults in groups that have no service in common, each in the order given. */
export function groupsApart<Fault extends JournaledFault>(faults: readonly Fault[]): Fault[][] {
  let groups: Fault[][] = [];
  for (const fault of faults) {
    const mine = new Set(servicesOf(fault));
    const touches = (group: Fault[]) => group.some((other) => servicesOf(other).some((service) => mine.has(service)));
    const joined = [...groups.filter(touches).flat(), fault];
    groups = [...groups.filter((group) => !touches(group)), joined];
  }
  return groups.map((group) => faults.filter((fault) => group.includes(fault)));
}
