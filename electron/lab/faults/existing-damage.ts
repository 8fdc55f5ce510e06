import { isOnLink, type JournaledFault } from "../journal/fault-journal.ts";
import { messageOf } from "../lab-error.ts";
import type { RunningStack } from "../stacks/running-stack.ts";
import { isProxied } from "../stacks/stack-file.ts";
import { FaultProxyControl } from "./fault-proxy-control.ts";
import type { LinkState } from "./proxy-links.ts";

/** A part of a stack that is not in its intended state, whatever caused it. */
export type Damage =
  /** In the journal, and not of the run that inspects: of a manual session, or of a run that could not undo it. */
  | { is: "fault"; fault: JournaledFault }
  | { is: "toxic"; link: string; toxic: string; type: string }
  /** `missing`: in the stack file, not on the proxy; `undeclared`: on the proxy, not in the stack file. */
  | { is: "closed" | "missing" | "undeclared"; link: string }
  /** A sidecar of another lab, or of an earlier command, carries it; `of` is the fault that it was created for. */
  | { is: "carried"; link: string; of: string }
  | { is: "paused" | "stopped" | "isolated" | "absent"; service: string };

export interface Inspection {
  damage: Damage[];
  /** What could not be checked, and why: its state is unknown. */
  unread: string[];
}

type Inspected = Pick<RunningStack, "stack" | "driver" | "address">;

/**
 * Reads the real stack: toxics and links on its fault proxy, and the state of each service. Damage that is explained by
 * a fault in force according to the journal is not reported a second time.
 *
 * @param inForce read before and after the inspection, since faults come and go meanwhile
 * @param ownRunId faults of this run are not damage
 */
export async function inspectDamage(
  stack: Inspected,
  inForce: () => readonly JournaledFault[],
  ownRunId?: string,
): Promise<Inspection> {
  const before = inForce();
  const [links, carried, services] = await Promise.all([
    inspectLinks(stack),
    inspectSidecars(stack),
    inspectServices(stack),
  ]);
  const after = inForce();
  const known = [...before, ...after];
  // A link that is only read is not broken.
  const faults = after.filter(({ runId, kind }) => runId !== ownRunId && kind !== "observe");
  return {
    damage: [
      ...faults.map((fault): Damage => ({ is: "fault", fault })),
      ...[...services.damage, ...links.damage, ...carried.damage].filter(
        (damage) => !known.some((fault) => accountsFor(fault, damage)),
      ),
    ],
    unread: [
      ...services.unread,
      ...carried.unread,
      ...(links.unread.length > 0 && isProxyDown(stack, services) ? [] : links.unread),
    ],
  };
}

function accountsFor(fault: JournaledFault, damage: Damage): boolean {
  if ("service" in damage) return !isOnLink(fault) && fault.target === damage.service;
  if (damage.is === "toxic") return fault.id === damage.toxic;
  if (damage.is === "carried") return fault.identity.kind === "sidecar" && fault.target === damage.link;
  return damage.is === "closed" && fault.kind === "down" && fault.target === damage.link;
}

/** The damage of the proxy itself then already explains that its links cannot be read. */
function isProxyDown({ stack }: Inspected, { damage }: Inspection): boolean {
  const proxy = stack.services.find(({ role }) => role === "fault-proxy")?.name;
  return damage.some((each) => "service" in each && each.service === proxy);
}

async function inspectServices({ stack, driver }: Inspected): Promise<Inspection> {
  const inspection: Inspection = { damage: [], unread: [] };
  const reads = stack.services.map(async ({ name: service }) => {
    try {
      const state = await driver.stateOf(service);
      if (state.is !== "running") inspection.damage.push({ is: state.is, service });
      else if (state.isIsolated) inspection.damage.push({ is: "isolated", service });
    } catch (error) {
      inspection.unread.push(`the state of ${service}: ${messageOf(error)}`);
    }
  });
  await Promise.all(reads);
  return inspection;
}

async function inspectLinks(running: Inspected): Promise<Inspection> {
  const proxy = running.stack.services.find(({ role }) => role === "fault-proxy");
  if (proxy === undefined) return { damage: [], unread: [] };
  try {
    const links = await new FaultProxyControl(`http://${running.address(proxy.name)}`, proxy.token).links();
    return {
      damage: damageOfLinks(links, new Set(running.stack.links.filter(isProxied).map(({ name }) => name))),
      unread: [],
    };
  } catch (error) {
    return { damage: [], unread: [`the links of ${proxy.name}: ${messageOf(error)}`] };
  }
}

async function inspectSidecars({ stack, driver: { sidecars } }: Inspected): Promise<Inspection> {
  if (sidecars === undefined || stack.links.every(isProxied)) return { damage: [], unread: [] };
  try {
    const present = await sidecars.present();
    return { damage: present.map(({ link, fault: of }) => ({ is: "carried", link, of })), unread: [] };
  } catch (error) {
    return { damage: [], unread: [`the links that sidecars carry: ${messageOf(error)}`] };
  }
}

function damageOfLinks(links: ReadonlyMap<string, LinkState>, declared: ReadonlySet<string>): Damage[] {
  const missing = [...declared].filter((link) => !links.has(link)).map((link): Damage => ({ is: "missing", link }));
  const found = [...links].flatMap(([link, { enabled, toxics }]): Damage[] => [
    ...(declared.has(link) ? [] : [{ is: "undeclared" as const, link }]),
    ...(enabled || !declared.has(link) ? [] : [{ is: "closed" as const, link }]),
    ...toxics.map(({ name, type }) => ({ is: "toxic" as const, link, toxic: name, type })),
  ]);
  return [...missing, ...found];
}

/** A text for people; equal for equal damage, so that two inspections can be compared. */
export function describeDamage(damage: Damage): string {
  switch (damage.is) {
    case "fault":
      return damage.fault.isStanding
        ? `${damage.fault.kind} ${damage.fault.target} is in force, applied with \`break\``
        : `${damage.fault.kind} ${damage.fault.target} is in force, of another run or applied manually`;
    case "toxic":
      return `${damage.link} has a ${damage.type} toxic, "${damage.toxic}"`;
    case "closed":
      return `${damage.link} is closed`;
    case "carried":
      return `${damage.link} is broken by fault ${damage.of}, of another lab or applied with \`break\``;
    case "missing":
      return `${damage.link} is missing on the fault proxy`;
    case "undeclared":
      return `${damage.link} is on the fault proxy and not in the stack file`;
    case "isolated":
      return `${damage.service} is cut off from every network`;
    case "absent":
      return `${damage.service} has no container`;
    case "paused":
    case "stopped":
      return `${damage.service} is ${damage.is}`;
  }
}

/** The service or the link that is damaged. */
export function targetOf(damage: Damage): string {
  if (damage.is === "fault") return damage.fault.target;
  return "service" in damage ? damage.service : damage.link;
}

/** False for damage without effect: an additional link that the stack file does not name. */
export function isHarm(damage: Damage): boolean {
  return damage.is !== "undeclared";
}

/** Where to restore damage: in the lab, except for a stack that the lab only attached to. */
export function howToRestore({ registered }: Pick<RunningStack, "registered">): string {
  return registered.attached
    ? `restore it with docker compose -p ${registered.project} and the fault proxy's own API`
    : "restore it with Undo all in the window or `resilience-lab stack restore`";
}
