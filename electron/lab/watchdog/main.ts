/**
 * The watchdog: a process of its own that undoes what the lab has broken when the lab can no longer do it.
 *
 * It reads the lab's heartbeat from its standard input, which the kernel closes when the lab dies, however it dies. A lab
 * that is silent but alive hangs: its faults are undone, its stack is left to it. A lab that is dead is put back whole,
 * as the next start would. It ends with the lab's good-bye, or when there is nothing left to watch.
 *
 * Arguments: data folder, process id of the lab, its start.
 */
import { setTimeout as delay } from "node:timers/promises";
import { undoOpenFaults } from "../faults/undo-open-faults.ts";
import { openHomeToUndo } from "../home.ts";
import { FaultJournal } from "../journal/fault-journal.ts";
import { acquireLock, type Journal, lockOwnerOf, openJournalToUndo, RECOVERY_PURPOSE } from "../journal/journal.ts";
import { StackRegister } from "../journal/stack-register.ts";
import { LabError, messageOf } from "../lab-error.ts";
import { isSameProcess, thisProcess } from "../process-identity.ts";
import { recover } from "../recovery.ts";
import { BEAT_LIMIT_MS, GOODBYE } from "./heartbeat.ts";

const LOOK_EVERY_MS = 200;
const LOOK_COUNTS_AT_MOST_MS = 2 * LOOK_EVERY_MS;
/** A pipe that closes without a good-bye while the lab lives on: it is about to die, or has a new watchdog. */
const DYING_LIMIT_MS = 5_000;
const MEND_LIMIT_MS = 60_000;

const [folder = "", pid = "", startedAt = ""] = process.argv.slice(2);
const lab = { pid: Number(pid), startedAt };
const home = openHomeToUndo(folder);

let lookedMs = performance.now();
let silentMs = 0;
let isOver = false;
let isHanging = false;

process.stdin.setEncoding("utf8");
process.stdin.on("data", (text: string) => {
  silentMs = 0;
  if (isHanging) say("the lab beats again");
  isHanging = false;
  isOver ||= text.includes(GOODBYE);
  if (isOver) process.exit(0);
});
process.stdin.on("close", () => void whenPipeCloses());
process.stdin.on("error", () => {});
// Ctrl-C and a closing terminal are for the lab; the watchdog ends when the lab has.
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, () => {});

const listening = setInterval(() => {
  const nowMs = performance.now();
  // Time in which this process did not run either, the machine being asleep, is no silence of the lab.
  silentMs += Math.min(nowMs - lookedMs, LOOK_COUNTS_AT_MOST_MS);
  lookedMs = nowMs;
  if (isHanging || silentMs < BEAT_LIMIT_MS) return;
  isHanging = true;
  say(`no heartbeat of the lab (process ${lab.pid}) for ${BEAT_LIMIT_MS} ms: undoing its faults`);
  void undoBesideTheLab().catch(complain);
}, LOOK_EVERY_MS);

async function whenPipeCloses(): Promise<void> {
  if (isOver) return;
  const limit = performance.now() + DYING_LIMIT_MS;
  while (isSameProcess(lab) && performance.now() < limit) await delay(LOOK_EVERY_MS / 10);
  if (isSameProcess(lab)) process.exit(0);
  // The dead are silent: that is no reason for a second mending beside this one.
  clearInterval(listening);
  await putBack().catch(complain);
  process.exit(0);
}

/** As the next start would, and never beside it: whoever takes the hold first does it. */
async function putBack(): Promise<void> {
  const journal = openJournalToUndo(home.journalFile);
  try {
    const holder = lockOwnerOf(journal);
    if (holder !== undefined && holder.pid !== lab.pid) return;
    say(`the lab (process ${lab.pid}) has died: putting back what it left`);
    const release = tryToHold(journal);
    if (release === undefined) return await undoBesideTheLab();
    try {
      const parts = partsOf(journal);
      for (const { what } of await recover(parts, AbortSignal.timeout(MEND_LIMIT_MS))) say(what);
    } finally {
      release();
    }
  } finally {
    journal.close();
  }
}

/** Undefined where it cannot be written down, the disk being full: what needs no hold is done all the same. */
function tryToHold(journal: Journal): (() => void) | undefined {
  try {
    return acquireLock(journal, thisProcess, RECOVERY_PURPOSE, Date.now());
  } catch (error) {
    if (error instanceof LabError) throw error;
    complain(error);
    return undefined;
  }
}

async function undoBesideTheLab(): Promise<void> {
  const journal = openJournalToUndo(home.journalFile);
  try {
    const parts = partsOf(journal);
    for (const stack of parts.register.list()) {
      const limit = AbortSignal.timeout(MEND_LIMIT_MS);
      // One that cannot be undone is no reason to leave the next one broken.
      const undone = await undoOpenFaults(stack, parts, "links first, then all at once", limit).catch(complain);
      for (const { fault, result, detail } of undone ?? []) {
        say(`undid ${fault.kind} ${fault.target}: ${result}, ${detail}`);
      }
    }
  } finally {
    journal.close();
  }
}

function partsOf(journal: Journal) {
  return {
    register: new StackRegister(journal),
    faults: new FaultJournal(journal),
    stacksFolder: home.stacksFolder,
    environment: process.env,
  };
}

function say(text: string): void {
  console.log(`${new Date().toISOString()} ${text}`);
}

function complain(error: unknown): void {
  say(`failed: ${messageOf(error)}`);
}
