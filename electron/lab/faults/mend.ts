import type { FaultJournal, JournaledFault, OpenFault } from "../journal/fault-journal.ts";
import type { RegisteredStack, StackRegister } from "../journal/stack-register.ts";
import { LabError, messageOf } from "../lab-error.ts";
import { openDriver } from "../stack/open-driver.ts";
import { reloadStack } from "../stack/reload-stack.ts";
import { RunningStack } from "../stack/running-stack.ts";
import { type Undone, type UndoTarget, undoFault } from "./undo.ts";

export interface MendParts {
  register: StackRegister;
  faults: FaultJournal;
  stacksFolder: string;
  environment: NodeJS.ProcessEnv;
}

export type Mended = Undone & { fault: JournaledFault };

/** How the open faults of a stack are undone one after another, or together. */
export type MendOrder = "latest first" | "links first, then all at once";

/**
 * Undoes every open fault of a stack from the journal alone, in whatever process this is: the lab that broke it may be
 * dead or hanging. Safe beside another process that does the same.
 */
export async function mendStack(
  registered: RegisteredStack,
  parts: MendParts,
  order: MendOrder,
  signal: AbortSignal,
): Promise<Mended[]> {
  const open = parts.faults.open(registered.id);
  if (open.length === 0) return [];
  const isHeldClosed = (link: string) => open.some(({ kind, target }) => kind === "down" && target === link);
  return withUndoTarget(registered, parts, async (target) => {
    const undo = async (fault: OpenFault): Promise<Mended> => {
      const undone = await undoFault(fault, { ...target, isHeldClosed }, signal);
      // One that was only written down may be applied right after this by a lab that lives: it is not done with yet.
      const isDoneWith = fault.isApplied || order === "latest first";
      return { fault, ...(isDoneWith ? closed(fault, undone, parts.faults) : undone) };
    };
    if (order === "latest first") {
      const mended: Mended[] = [];
      for (const fault of open) mended.push(await undo(fault));
      return mended;
    }
    const isLink = ({ identity }: JournaledFault) => identity.kind === "link";
    const links = await Promise.all(open.filter(isLink).map(undo));
    const services = await Promise.all(open.filter((fault) => !isLink(fault)).map(undo));
    // The proxy may have been among what was broken, and answer only now.
    const again = open.filter((fault) => links.some((each) => each.fault === fault && each.result === "not restored"));
    const late = services.length === 0 ? [] : await Promise.all(again.map(undo));
    return [...links.map((each) => late.find(({ fault }) => fault === each.fault) ?? each), ...services];
  });
}

/** A journal that cannot be written now, its disk being full, must not keep other faults from being undone. */
function closed(fault: JournaledFault, undone: Undone, faults: FaultJournal): Undone {
  try {
    faults.close(fault.id, undone.result);
    return undone;
  } catch (error) {
    return { ...undone, detail: `${undone.detail}; the journal could not be told: ${messageOf(error)}` };
  }
}

/**
 * With the stack file at hand a service counts as mended when its probe says so; without, when it runs. The file is read
 * and probes begin only when a service has been mended: nothing of that may come before a link that a halt is to open.
 */
async function withUndoTarget<Value>(
  registered: RegisteredStack,
  { register, stacksFolder, environment }: MendParts,
  use: (target: UndoTarget) => Promise<Value>,
): Promise<Value> {
  let attached: { running: RunningStack | undefined } | undefined;
  const waitUntilUp = async (service: string, signal: AbortSignal) => {
    attached ??= { running: tryAttach(registered, register, stacksFolder, environment) };
    await attached.running?.health.waitFor(service, "up", signal);
  };
  try {
    return await use({ driver: openDriver(registered, register), waitUntilUp });
  } finally {
    await attached?.running?.close();
  }
}

function tryAttach(
  registered: RegisteredStack,
  register: StackRegister,
  stacksFolder: string,
  environment: NodeJS.ProcessEnv,
): RunningStack | undefined {
  try {
    return RunningStack.attach(reloadStack(registered, environment), registered, register, stacksFolder);
  } catch (error) {
    if (error instanceof LabError) return undefined; // the file is gone or has been changed beyond reading
    throw error;
  }
}
