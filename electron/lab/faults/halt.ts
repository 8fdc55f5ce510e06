import { systemClock } from "../clock.ts";
import type { LabHome } from "../home.ts";
import { FaultJournal } from "../journal/fault-journal.ts";
import { openJournal, openJournalToUndo } from "../journal/journal.ts";
import { StackRegister } from "../journal/stack-register.ts";
import { messageOf } from "../lab-error.ts";
import { type UndoneFault, undoOpenFaults } from "./undo-open-faults.ts";

export interface Halted {
  undone: UndoneFault[];
  /** Why something else may still be broken, or why faults can still be applied. */
  problem: string | undefined;
  /** Other damage on the stacks, one text each: caused by no fault of the journal, and so not undone. */
  damage: string[];
  /** What could not be checked, and why. */
  unread: string[];
}

/**
 * Undoes every fault and lets none be applied until {@link arm}. Works from any process, also while the process that
 * applied the faults hangs: links first, then all services at once. It loads only what the journal needs: the lab's other
 * modules take too long to load for a halt.
 */
export async function halt(home: LabHome, environment: NodeJS.ProcessEnv, signal: AbortSignal): Promise<Halted> {
  const journal = openJournalToUndo(home.journalFile);
  try {
    const faults = new FaultJournal(journal);
    const register = new StackRegister(journal);
    const notHalted = faults.tryHalt(systemClock.wallMs());
    const problem = journal.damagedMovedTo === undefined ? notHalted : damaged(journal.damagedMovedTo);
    const parts = { register, faults, stacksFolder: home.stacksFolder, environment };
    const undoing = register
      .list()
      .map((stack) => undoOpenFaults(stack, parts, "links first, then all at once", signal));
    // The journal stays open until all of them have settled.
    const ended = await Promise.allSettled(undoing);
    const undone = ended.flatMap((each) => (each.status === "fulfilled" ? each.value : []));
    const failed = ended.filter((each) => each.status === "rejected").map(({ reason }) => messageOf(reason));
    const problems = [...(problem === undefined ? [] : [problem]), ...failed];
    // Loaded only now: its modules take longer to load than a halt should.
    const { inspectStacks } = await import("./inspect-stacks.ts");
    const inspected = await inspectStacks(parts);
    return { undone, problem: problems.length === 0 ? undefined : problems.join("; "), ...inspected };
  } finally {
    journal.close();
  }
}

function damaged(file: string): string {
  return `the fault journal was damaged, so what was in force is not known; it was moved, unchanged, to ${file}`;
}

/** Allows faults again. False when they were not halted. */
export function arm(home: LabHome): boolean {
  const journal = openJournal(home.journalFile);
  try {
    return new FaultJournal(journal).arm();
  } finally {
    journal.close();
  }
}
