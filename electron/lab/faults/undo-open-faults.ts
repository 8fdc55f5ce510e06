import { setTimeout as delay } from "node:timers/promises";
import type { FaultJournal, JournaledFault, OpenFault } from "../journal/fault-journal.ts";
import type { RegisteredStack, StackRegister } from "../journal/stack-register.ts";
import { LabError, messageOf } from "../lab-error.ts";
import type { RunningStack } from "../stacks/running-stack.ts";
import { groupsApart } from "./held.ts";
import { retargeting, takeOffLink, type Undone, undoFault } from "./undo.ts";
import { undoInRounds } from "./undo-in-rounds.ts";
import type { UndoTarget } from "./undo-target.ts";

/** Links have this long to themselves. Their proxy may be among what is broken, and answer only once that is undone. */
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
 * Undoes every open fault of a stack from the journal alone, in whatever process this is: the lab that broke it may be
 * dead or hanging. Safe beside another process that does the same. What keeps all of a stack from being undone, such as an
 * engine whose certificates are gone, is the result of each fault, and no reason to leave other stacks broken.
 */
export async function undoOpenFaults(
  registered: RegisteredStack,
  parts: UndoParts,
  order: UndoOrder,
  signal: AbortSignal,
): Promise<UndoneFault[]> {
  const open = parts.faults.open(registered.id);
  if (open.length === 0) return [];
  const isHeldClosed = holdsClosed(open);
  const onNewInstance = retargeting(parts.faults, () => open);
  const undo = (fault: OpenFault, target: UndoTarget) =>
    undoFault(fault, { ...target, isHeldClosed, ...onNewInstance }, signal);
  if (order === "latest first") {
    return withUndoTarget(registered, parts, (target) =>
      undoInRounds(open, async (round) => {
        const undone: UndoneFault[] = [];
        for (const fault of round) undone.push({ fault, ...closed(fault, await undo(fault, target), parts.faults) });
        return undone;
      }),
    ).catch((error: unknown) => open.map((fault) => notUndone(fault, error)));
  }
  const links = takeOffLinks(open, parts.faults);
  const early = await whileAlone(links);
  const services = open.filter((fault) => !isOnLink(fault));
  if (services.length === 0 && early?.every((undone) => undone !== undefined)) return early;
  const orElse = (otherwise: (fault: OpenFault) => UndoneFault | Promise<UndoneFault>) =>
    Promise.all(links.map(async ({ fault, taken }) => (await taken) ?? otherwise(fault)));
  return withUndoTarget(registered, parts, async (target) => {
    const undoNoted = async (fault: OpenFault) => noted(fault, await undo(fault, target), parts.faults);
    const mendedServices = await undoInRounds(services, (round) => groupByGroup(round, undoNoted));
    return [...(await orElse(undoNoted)), ...mendedServices];
  }).catch(async (error: unknown) => {
    const notMended = (fault: OpenFault) => notUndone(fault, error);
    return [...(await orElse(notMended)), ...services.map(notMended)];
  });
}

function notUndone(fault: OpenFault, error: unknown): UndoneFault {
  return { fault, result: "not restored", detail: `${fault.target}: ${messageOf(error)}` };
}

/**
 * Opens the links among open faults, all at once and with nothing but their proxy: what a halt does before anything else.
 * Resolves, for each, to undefined when the proxy did not answer.
 */
function takeOffLinks(open: readonly OpenFault[], faults: FaultJournal) {
  return open.filter(isOnLink).map((fault) => ({
    fault,
    taken: takeOffLink(fault, holdsClosed(open)).then(
      (undone) => noted(fault, undone, faults),
      () => undefined,
    ),
  }));
}

/** All of them, or undefined when not every proxy has answered in the time that links have to themselves. */
function whileAlone(links: ReturnType<typeof takeOffLinks>): Promise<(UndoneFault | undefined)[] | undefined> {
  const late = delay(LINKS_ALONE_MS, undefined, { ref: false });
  return Promise.race([Promise.all(links.map(({ taken }) => taken)), late]);
}

/** Opens the links of a stack before its services are seen to: for a halt that leaves services to whoever broke them. */
export async function openLinksFirst(stackId: string, faults: FaultJournal): Promise<void> {
  await whileAlone(takeOffLinks(faults.open(stackId), faults));
}

/** All at once, but faults that have a service in common in their order: the last is the one that finds it whole. */
async function groupByGroup<Result>(
  round: readonly OpenFault[],
  undo: (fault: OpenFault) => Promise<Result>,
): Promise<Result[]> {
  const results = new Map<OpenFault, Result>();
  const inOrder = async (group: OpenFault[]) => {
    for (const fault of group) results.set(fault, await undo(fault));
  };
  await Promise.all(groupsApart(round).map(inOrder));
  return round.map((fault) => results.get(fault) as Result);
}

function isOnLink({ identity }: JournaledFault): boolean {
  return identity.kind === "link";
}

function holdsClosed(open: readonly JournaledFault[]): (link: string) => boolean {
  return (link) => open.some(({ kind, target }) => kind === "down" && target === link);
}

/** One that was only written down may be applied right after this by a lab that lives: it is not done with yet. */
function noted(fault: OpenFault, undone: Undone, faults: FaultJournal): UndoneFault {
  return { fault, ...(fault.isApplied ? closed(fault, undone, faults) : undone) };
}

/** A journal that cannot be written now, its disk being full, must not keep other faults from being undone. */
function closed(fault: JournaledFault, undone: Undone, faults: FaultJournal): Undone {
  const problem = faults.tryClose(fault.id, undone.result);
  return problem === undefined ? undone : { ...undone, detail: `${undone.detail}; ${problem}` };
}

/**
 * With the stack file at hand a service counts as restored when its probe says so; without, when it runs. The file is read
 * and probes begin only when a service has been restored: nothing of that may come before a link that a halt is to open.
 */
async function withUndoTarget<Value>(
  registered: RegisteredStack,
  { register, faults, stacksFolder, environment }: UndoParts,
  use: (target: UndoTarget) => Promise<Value>,
): Promise<Value> {
  let attached: Promise<RunningStack | undefined> | undefined;
  const waitUntilUp = async (service: string, signal: AbortSignal) => {
    attached ??= tryAttach(registered, register, stacksFolder, environment);
    const health = (await attached)?.health;
    if (health?.services().includes(service)) await health.waitFor(service, "up", signal);
  };
  // Its modules take longer to load than a link to open, and a halt waits for nothing before that.
  const { openDriver } = await import("../stacks/open-driver.ts");
  try {
    // As the journal has it now: others may be undoing the same, and one that was never applied breaks nothing.
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
    if (error instanceof LabError) return undefined; // the file is gone or has been changed beyond reading
    throw error;
  }
}
