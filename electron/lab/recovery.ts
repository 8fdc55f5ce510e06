import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { isDue } from "./faults/standing-fault.ts";
import { type UndoParts, undoOpenFaults } from "./faults/undo-open-faults.ts";
import { isProtected, type RegisteredStack, type StackRegister } from "./journal/stack-register.ts";
import { messageOf } from "./lab-error.ts";
import { reloadStack } from "./stacks/reload-stack.ts";
import { RunningStack } from "./stacks/running-stack.ts";
import { takeDown } from "./stacks/take-down.ts";

/** Something that a dead lab had left, and whether it was restored. */
export interface Recovered {
  what: string;
  isRestored: boolean;
}

/**
 * Restores what a dead lab left, before anything else is done: takes down the stacks that were only up for its runs, and
 * undoes the faults on those that stay. Requires the lock on the data folder, so that its previous owner is known to be
 * dead.
 */
export async function recover(parts: UndoParts, signal: AbortSignal): Promise<Recovered[]> {
  const { register, stacksFolder } = parts;
  const recovered: Recovered[] = [];
  for (const registered of register.list()) {
    try {
      recovered.push(...(await recoverStack(registered, parts, signal)));
    } catch (error) {
      // The other stacks are still recovered; this one is tried again at the next start.
      const what = `what a lab that died had done to ${registered.project} could not be undone: ${messageOf(error)}`;
      recovered.push({ what, isRestored: false });
    }
  }
  removeStrayFolders(stacksFolder, register);
  return recovered;
}

async function recoverStack(
  registered: RegisteredStack,
  parts: UndoParts,
  signal: AbortSignal,
): Promise<readonly Recovered[]> {
  if (!registered.kept) return [await takeDownLeft(registered, parts)];
  const undone = await undoOnKept(registered, parts, signal);
  if (undone.every(({ isRestored }) => isRestored)) forgetAttached(registered, parts);
  return undone;
}

/** Unregisters an attached stack, which is left up, once nothing on it is in force. */
export function forgetAttached(
  { id, attached }: RegisteredStack,
  { register, faults }: Pick<UndoParts, "register" | "faults">,
): void {
  if (!attached || faults.open(id).length > 0) return;
  register.remove(id);
  faults.forget(id);
}

/** A stack that cannot be taken down now, for instance because its engine is unreachable, is tried at the next start. */
async function takeDownLeft(
  registered: RegisteredStack,
  { register, faults, stacksFolder }: UndoParts,
): Promise<Recovered> {
  try {
    await takeDown(registered, register, stacksFolder, { isAbandoned: true });
    faults.forget(registered.id);
    return { what: `took down ${registered.project}, left up by a lab that died`, isRestored: true };
  } catch (error) {
    const what = `${registered.project}, left up by a lab that died, could not be taken down: ${messageOf(error)}`;
    return { what, isRestored: false };
  }
}

async function undoOnKept(registered: RegisteredStack, parts: UndoParts, signal: AbortSignal): Promise<Recovered[]> {
  const undone = await undoOpenFaults(registered, parts, "latest first", signal, (fault) => isDue(fault, Date.now()));
  const recovered = undone.map(({ fault, result, detail }) => ({
    what: `undid ${fault.kind} ${fault.target}, left by a lab that died: ${result}, ${detail}`,
    isRestored: result !== "not restored",
  }));
  return isProtected(registered) ? recovered : [...recovered, await protect(registered, parts, signal)];
}

/** Switches the protections on again that a run had switched off. */
async function protect(
  registered: RegisteredStack,
  { register, stacksFolder, environment }: UndoParts,
  signal: AbortSignal,
): Promise<Recovered> {
  const off = registered.without?.join(", ") ?? "protections";
  let running: RunningStack | undefined;
  try {
    running = await RunningStack.attach(reloadStack(registered, environment), registered, register, stacksFolder);
    await running.setProtectionsOff([], signal);
    return { what: `switched ${off} on again, left off by a lab that died`, isRestored: true };
  } catch (error) {
    return {
      what: `${off}, left off by a lab that died, could not be switched on: ${messageOf(error)}`,
      isRestored: false,
    };
  } finally {
    await running?.close();
  }
}

function removeStrayFolders(stacksFolder: string, register: StackRegister): void {
  if (!existsSync(stacksFolder)) return;
  const known = new Set(register.list().map(({ id }) => id));
  for (const name of readdirSync(stacksFolder)) {
    if (!known.has(name)) rmSync(join(stacksFolder, name), { recursive: true, force: true });
  }
}
