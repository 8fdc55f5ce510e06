import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { undoFault } from "./faults/undo.ts";
import { FaultJournal } from "./journal/fault-journal.ts";
import type { Journal } from "./journal/journal.ts";
import { type RegisteredStack, StackRegister } from "./journal/stack-register.ts";
import { RunningStack, takeDown } from "./stack/running-stack.ts";
import { loadStack } from "./stack/stack-file.ts";

/** What a start found of an earlier lab that had died, and what became of it. */
export interface Recovered {
  what: string;
  isRestored: boolean;
}

/**
 * Puts back what an earlier lab left, before anything else is done: takes down the stacks that were only up for its
 * runs, and undoes the faults on those that stay. Call with the data folder held, so that its owner is known to be dead.
 */
export async function recover(
  journal: Journal,
  stacksFolder: string,
  environment: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<Recovered[]> {
  const register = new StackRegister(journal);
  const faults = new FaultJournal(journal);
  const recovered: Recovered[] = [];
  for (const registered of register.list()) {
    if (registered.kept) {
      recovered.push(...(await mend(registered, register, faults, stacksFolder, environment, signal)));
      continue;
    }
    await takeDown(registered, register, stacksFolder);
    faults.forget(registered.id);
    recovered.push({ what: `took down ${registered.project}, left up by a lab that died`, isRestored: true });
  }
  removeStrayFolders(stacksFolder, register);
  return recovered;
}

async function mend(
  registered: RegisteredStack,
  register: StackRegister,
  faults: FaultJournal,
  stacksFolder: string,
  environment: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<Recovered[]> {
  const open = faults.open(registered.id);
  if (open.length === 0 && registered.without.length === 0) return [];
  const recovered: Recovered[] = [];
  const running = RunningStack.attach(loadStack(registered.file, environment), registered, register, stacksFolder);
  try {
    const waitUntilUp = (service: string, limit: AbortSignal) => running.health.waitFor(service, "up", limit);
    for (const fault of open) {
      const { result, detail } = await undoFault(fault, { driver: running.driver, waitUntilUp }, signal);
      faults.close(fault.id, result);
      const what = `undid ${fault.kind} ${fault.target}, left by a lab that died: ${result}, ${detail}`;
      recovered.push({ what, isRestored: result !== "not restored" });
    }
    if (registered.without.length > 0) {
      const off = registered.without.join(", ");
      await running.setProtectionsOff([], signal);
      recovered.push({ what: `switched ${off} on again, left off by a lab that died`, isRestored: true });
    }
  } finally {
    await running.close();
  }
  return recovered;
}

function removeStrayFolders(stacksFolder: string, register: StackRegister): void {
  if (!existsSync(stacksFolder)) return;
  const known = new Set(register.list().map(({ id }) => id));
  for (const name of readdirSync(stacksFolder)) {
    if (!known.has(name)) rmSync(join(stacksFolder, name), { recursive: true, force: true });
  }
}
