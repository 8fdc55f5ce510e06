import { setTimeout as delay } from "node:timers/promises";
import type { FaultJournal, JournaledFault, OpenFault } from "../journal/fault-journal.ts";
import type { RegisteredStack, StackRegister } from "../journal/stack-register.ts";
import { LabError, messageOf } from "../lab-error.ts";
import type { RunningStack } from "../stacks/running-stack.ts";
import { disjointGroups } from "./affected-services.ts";
import { removeFromLink, retargeting, type Undone, undoFault } from "./undo.ts";
import { undoInRounds } from "./undo-in-rounds.ts";
import type { UndoTarget } from "./undo-target.ts";

/** How long only links are undone. Their proxy may be broken too, and answer only once that fault is undone. */
const LINKS_ALONE_MS = 250;

export interface UndoParts {
  register: StackRegister;
  faults: FaultJournal;
  stacksFolder: string;
  environment: NodeJS.ProcessEnv;
}

export type UndoneFault = Undone & { fault: JournaledFault };

/** How the open faults of a stack are undone one after another, or together. */
export type UndoOrder = "latest first" | "links first, then all at once";

/**
 * Undoes the open faults of a stack, all or those that are wanted, from the journal alone, in any process: the lab that
 * applied them may be dead or hanging. Safe to run concurrently in several processes. An error that affects the whole stack, such as missing
 * certificates of its engine, becomes the result of each of its faults and does not affect other stacks.
 */
export async function undoOpenFaults(
  registered: RegisteredStack,
  parts: UndoParts,
  order: UndoOrder,
  signal: AbortSignal,
  isWanted: (fault: OpenFault) => boolean = () => true,
): Promise<UndoneFault[]> {
  const all = parts.faults.open(registered.id);
  const open = all.filter(isWanted);
  if (open.length === 0) return [];
  const isKeptClosed = keptClosedBy(all);
  const onNewInstance = retargeting(parts.faults, () => all);
  const undo = (fault: OpenFault, target: UndoTarget) =>
    undoFault(fault, { ...target, isKeptClosed, ...onNewInstance }, signal);
  if (order === "latest first") {
    return withUndoTarget(registered, parts, (target) =>
      undoInRounds(open, async (round) => {
        const undone: UndoneFault[] = [];
        for (const fault of round) undone.push({ fault, ...closed(fault, await undo(fault, target), parts.faults) });
        return undone;
      }),
    ).catch((error: unknown) => open.map((fault) => notUndone(fault, error)));
  }
  const links = removeFromLinks(open, parts.faults);
  const early = await whileAlone(links);
  const services = open.filter((fault) => !isOnProxy(fault));
  if (services.length === 0 && early?.every((undone) => undone !== undefined)) return early;
  const orElse = (otherwise: (fault: OpenFault) => UndoneFault | Promise<UndoneFault>) =>
    Promise.all(links.map(async ({ fault, taken }) => (await taken) ?? otherwise(fault)));
  return withUndoTarget(registered, parts, async (target) => {
    const undoAndRecord = async (fault: OpenFault) => noted(fault, await undo(fault, target), parts.faults);
    const undoneServices = await undoInRounds(services, (round) => groupByGroup(round, undoAndRecord));
    return [...(await orElse(undoAndRecord)), ...undoneServices];
  }).catch(async (error: unknown) => {
    const failedUndo = (fault: OpenFault) => notUndone(fault, error);
    return [...(await orElse(failedUndo)), ...services.map(failedUndo)];
  });
}

function notUndone(fault: OpenFault, error: unknown): UndoneFault {
  return { fault, result: "not restored", detail: `${fault.target}: ${messageOf(error)}` };
}

/**
 * Undoes the open faults on links, all at once and through their proxy alone: a halt does this first. Resolves, for each,
 * to undefined when the proxy did not answer.
 */
function removeFromLinks(open: readonly OpenFault[], faults: FaultJournal) {
  return open.filter(isOnProxy).map((fault) => ({
    fault,
    taken: removeFromLink(fault, keptClosedBy(open)).then(
      (undone) => noted(fault, undone, faults),
      () => undefined,
    ),
  }));
}

/** All results, or undefined when not every proxy answered within {@link LINKS_ALONE_MS}. */
function whileAlone(links: ReturnType<typeof removeFromLinks>): Promise<(UndoneFault | undefined)[] | undefined> {
  const late = delay(LINKS_ALONE_MS, undefined, { ref: false });
  return Promise.race([Promise.all(links.map(({ taken }) => taken)), late]);
}

/** Undoes the faults on links before those on services: for a halt that leaves services to the run that broke them. */
export async function openLinksFirst(stackId: string, faults: FaultJournal): Promise<void> {
  await whileAlone(removeFromLinks(faults.open(stackId), faults));
}

/** All at once, except that faults with a service in common are undone in order: only the last finds it fully restored. */
async function groupByGroup<Result>(
  round: readonly OpenFault[],
  undo: (fault: OpenFault) => Promise<Result>,
): Promise<Result[]> {
  const results = new Map<OpenFault, Result>();
  const inOrder = async (group: OpenFault[]) => {
    for (const fault of group) results.set(fault, await undo(fault));
  };
  await Promise.all(disjointGroups(round).map(inOrder));
  return round.map((fault) => results.get(fault) as Result);
}

/** A fault that its proxy alone can undo. */
function isOnProxy({ identity }: JournaledFault): boolean {
  return identity.kind === "link";
}

function keptClosedBy(open: readonly JournaledFault[]): (link: string) => boolean {
  return (link) => open.some(({ kind, target }) => kind === "down" && target === link);
}

/** A fault that is only intended may still be applied by a living lab: it stays open. */
function noted(fault: OpenFault, undone: Undone, faults: FaultJournal): UndoneFault {
  return { fault, ...(fault.isApplied ? closed(fault, undone, faults) : undone) };
}

/** A journal that cannot be written, for instance on a full disk, must not keep other faults from being undone. */
function closed(fault: JournaledFault, undone: Undone, faults: FaultJournal): Undone {
  const problem = faults.tryClose(fault.id, undone.result);
  return problem === undefined ? undone : { ...undone, detail: `${undone.detail}; ${problem}` };
}

/**
 * With the stack file a service counts as restored when its probe says so; without it, when it runs. The file is read and
 * probes start only when a service has been restarted, so that a halt opens links first.
 */
async function withUndoTarget<Value>(
  registered: RegisteredStack,
  { register, faults, stacksFolder, environment }: UndoParts,
  use: (target: UndoTarget) => Promise<Value>,
): Promise<Value> {
  let attached: Promise<RunningStack | undefined> | undefined;
  const waitUntilUp: UndoTarget["waitUntilUp"] = async (service, signal, accepts) => {
    attached ??= tryAttach(registered, register, stacksFolder, environment);
    const health = (await attached)?.health;
    if (health?.services().includes(service)) await health.waitUntil(service, accepts, signal);
  };
  // Loaded lazily: its modules take longer to load than a link to open, and a halt opens links first.
  const { openDriver } = await import("../stacks/open-driver.ts");
  try {
    // Read from the journal each time: others may be undoing the same faults. An unapplied fault breaks nothing.
    const inForce = () => faults.open(registered.id).filter(({ isApplied }) => isApplied);
    return await use({ driver: await openDriver(registered, register), waitUntilUp, inForce });
  } finally {
    await (await attached)?.close();
  }
}

async function tryAttach(
  registered: RegisteredStack,
  register: StackRegister,
  stacksFolder: string,
  environment: NodeJS.ProcessEnv,
): Promise<RunningStack | undefined> {
  const [{ reloadStack }, { RunningStack }] = await Promise.all([
    import("../stacks/reload-stack.ts"),
    import("../stacks/running-stack.ts"),
  ]);
  try {
    return await RunningStack.attach(reloadStack(registered, environment), registered, register, stacksFolder);
  } catch (error) {
    if (error instanceof LabError) return undefined; // the file is gone or cannot be read any more
    throw error;
  }
}
