import { setTimeout as delay } from "node:timers/promises";
import { isDue } from "../faults/standing-fault.ts";
import { type UndoParts, undoOpenFaults } from "../faults/undo-open-faults.ts";
import type { LabHome } from "../home.ts";
import { FaultJournal } from "../journal/fault-journal.ts";
import { openJournalToUndo } from "../journal/journal.ts";
import { StackRegister } from "../journal/stack-register.ts";

/** The wall clock may jump and the machine may sleep meanwhile: no wait for an expiry is longer than this. */
const LONGEST_WAIT_MS = 30_000;
const UNDO_LIMIT_MS = 60_000;
const RETRY_AFTER_MS = 5_000;
/** After this many failures the faults are left to the next start of a lab. */
const RETRIES_LIMIT = 20;

/** Undoes each standing fault when it expires. Resolves when none is in force, or after {@link RETRIES_LIMIT} failures. */
export async function expireStanding(home: LabHome, log: (line: string) => void): Promise<void> {
  const journal = openJournalToUndo(home.journalFile);
  try {
    const faults = new FaultJournal(journal);
    const register = new StackRegister(journal);
    const parts = { register, faults, stacksFolder: home.stacksFolder, environment: process.env };
    for (let retries = 0; retries < RETRIES_LIMIT; ) {
      const expiries = faults.standing().map(({ expiresWallMs }) => expiresWallMs);
      if (expiries.length === 0) return;
      const waitMs = Math.min(...expiries) - Date.now();
      if (waitMs > 0) {
        await changeOrTimeout(faults, Math.min(waitMs, LONGEST_WAIT_MS));
        continue;
      }
      if (await undoExpired(parts, log)) continue;
      retries++;
      await delay(RETRY_AFTER_MS);
    }
  } finally {
    journal.close();
  }
}

/** Whether every fault that was due is undone. Safe to run concurrently with a lab. */
async function undoExpired(parts: UndoParts, log: (line: string) => void): Promise<boolean> {
  let isDone = true;
  for (const stack of parts.register.list()) {
    const limit = AbortSignal.timeout(UNDO_LIMIT_MS);
    const undone = await undoOpenFaults(
      stack,
      parts,
      "latest first",
      limit,
      (fault) => fault.isStanding === true && isDue(fault, Date.now()),
    );
    for (const { fault, result, detail } of undone) {
      log(`${fault.kind} ${fault.target} has expired: ${result}, ${detail}`);
      isDone &&= result !== "not restored";
    }
  }
  return isDone;
}

async function changeOrTimeout(faults: FaultJournal, limitMs: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const unsubscribe = faults.onChange(resolve);
  const timer = setTimeout(resolve, limitMs);
  await promise;
  clearTimeout(timer);
  unsubscribe();
}
