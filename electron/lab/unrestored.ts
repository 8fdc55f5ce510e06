import { isDue } from "./faults/standing-fault.ts";
import { FaultJournal } from "./journal/fault-journal.ts";
import { type Journal, lockOwnerOf } from "./journal/journal.ts";
import { isProtected, type RegisteredStack, StackRegister } from "./journal/stack-register.ts";
import { isSameProcess } from "./process-identity.ts";

/**
 * What a lab that has died left broken or running, one line each, followed by the command that restores it. Empty when
 * there is nothing, and while a lab or a watchdog is at work, which restores it. Reads the journal alone, without a lock.
 */
export function reportUnrestored(journal: Journal): string[] {
  const owner = lockOwnerOf(journal);
  if (owner !== undefined && isSameProcess(owner)) return [];
  const faults = new FaultJournal(journal);
  const stacks = new StackRegister(journal)
    .list()
    .map((stack) => ({ stack, open: faults.open(stack.id).filter((fault) => isDue(fault, Date.now())) }));
  const lines = stacks.flatMap(({ stack, open }) => [
    ...open.map(({ kind, target, undo }) => `  fault ${kind} ${target} (undo: ${undo})`),
    ...stateLeftOn(stack),
  ]);
  if (lines.length === 0) return [];
  const who = owner === undefined ? "" : ` (process ${owner.pid}, ${owner.purpose})`;
  return [
    `NOT restored: a lab${who} ended without restoring this:`,
    ...lines,
    "Fix: `resilience-lab stack restore`; where the data folder cannot be written, `resilience-lab halt`.",
  ];
}

function stateLeftOn(stack: RegisteredStack): string[] {
  const running = stack.kept ? [] : [`  stack ${stack.project} is still registered as up`];
  const off = isProtected(stack) ? [] : [`  protections off: ${stack.without?.join(", ") ?? "not known which"}`];
  return [...running, ...off];
}
