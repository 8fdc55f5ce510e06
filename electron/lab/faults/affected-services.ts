import { isOnLink, type JournaledFault } from "../journal/fault-journal.ts";

/** The services that a fault affects: its target, and those that share a namespace with it. */
export function affectedServices(fault: JournaledFault): string[] {
  if (isOnLink(fault)) return [];
  return [fault.target, ...(fault.before?.containers.map(({ service }) => service) ?? [])];
}

/** True for a service that another open fault affects: it cannot be healthy yet. */
export function brokenByOthers(open: readonly JournaledFault[], { id }: JournaledFault): (service: string) => boolean {
  const broken = new Set(open.filter((other) => other.id !== id).flatMap(affectedServices));
  return (service) => broken.has(service);
}

/** Groups of faults that have no service in common with another group, each in the order given. */
export function disjointGroups<Fault extends JournaledFault>(faults: readonly Fault[]): Fault[][] {
  let groups: Fault[][] = [];
  for (const fault of faults) {
    const mine = new Set(affectedServices(fault));
    const touches = (group: Fault[]) =>
      group.some((other) => affectedServices(other).some((service) => mine.has(service)));
    const joined = [...groups.filter(touches).flat(), fault];
    groups = [...groups.filter((group) => !touches(group)), joined];
  }
  return groups.map((group) => faults.filter((fault) => group.includes(fault)));
}
