import { systemClock } from "../clock.ts";
import type { LabHome } from "../home.ts";
import { FaultJournal } from "../journal/fault-journal.ts";
import { openJournal, openJournalToUndo } from "../journal/journal.ts";
import { StackRegister } from "../journal/stack-register.ts";
import { messageOf } from "../lab-error.ts";
import { type UndoneFault, undoOpenFaults } from "./undo-open-faults.ts";

export interface Halted {
  undone: UndoneFault[];
  /** Why something may still be broken that is not among these, or faults can be applied all the same. */
  problem: string | undefined;
  /** What else is broken on the stacks, in words: nobody's fault by the journal, and so not undone. */
  damage: string[];
  /** What could not be looked at, and why. */
  unread: string[];
}

/**
 * Undoes every fault there is and lets none be applied until {@link arm}. Works from any process, also while the one that
 * broke things hangs: links first, then all services at once. It needs the journal and nothing else of the lab, whose
 * modules take longer to load than a person who halts should wait.
 */
export async function halt(home: LabHome, environment: NodeJS.ProcessEnv, signal: AbortSignal): Promise<Halted> {
  const journal = openJournalToUndo(home.journalFile);
  try {
    const faults = new FaultJournal(journal);
    const register = new StackRegister(journal);
    const notHalted = faults.tryHalt(systemClock.wallMs());
    const problem = journal.setAsideTo === undefined ? notHalted : damaged(journal.setAsideTo);
    const parts = { register, faults, stacksFolder: home.stacksFolder, environment };
    const mending = register
      .list()
      .map((stack) => undoOpenFaults(stack, parts, "links first, then all at once", signal));
    // The journal stays open until each of them is done, whatever has become of the others.
    const ended = await Promise.allSettled(mending);
    const undone = ended.flatMap((each) => (each.status === "fulfilled" ? each.value : []));
    const failed = ended.filter((each) => each.status === "rejected").map(({ reason }) => messageOf(reason));
    const problems = [...(problem === undefined ? [] : [problem]), ...failed];
    // Only now: its modules take longer to load than a halt should.
    const { inspectStacks } = await import("./inspect-stacks.ts");
    const inspected = await inspectStacks(parts);
    return { undone, problem: problems.length === 0 ? undefined : problems.join("; "), ...inspected };
  } finally {
    journal.close();
  }
}

function damaged(file: string): string {
  return `the fault journal was damaged, so what was in force is not known; it was put aside, whole, as ${file}`;
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
