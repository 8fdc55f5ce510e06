/**
 * The watchdog: a separate process that undoes what the lab has broken when the lab can no longer do it.
 *
 * It reads the lab's heartbeat from its standard input, which the kernel closes when the lab dies, for whatever reason. A
 * lab that is silent but alive hangs: its faults are undone, its stack is left to it, unless it is frozen in a write to the
 * journal, which nobody else can write then: it is killed. What a dead lab left is restored completely, as at the next start. The watchdog exits on the lab's good-bye, or when there is nothing left to watch.
 * If a lab leaves standing faults, it stays, undoes each when its time is over, and exits when none is in force.
 *
 * Arguments: data folder, process id of the lab, its start time.
 */
import { setTimeout as delay } from "node:timers/promises";
import { isDue } from "../faults/standing-fault.ts";
import { undoOpenFaults } from "../faults/undo-open-faults.ts";
import { openHomeToUndo } from "../home.ts";
import { FaultJournal, type OpenFault } from "../journal/fault-journal.ts";
import {
  acquireLock,
  isBlocked,
  type Journal,
  lockOwnerOf,
  openJournalToUndo,
  RECOVERY_PURPOSE,
} from "../journal/journal.ts";
import { StackRegister } from "../journal/stack-register.ts";
import { LabError, messageOf } from "../lab-error.ts";
import { isSameProcess, thisProcess } from "../process-identity.ts";
import { AbleToAct } from "../process-usage.ts";
import { recover } from "../recovery.ts";
import { expireStanding } from "./expire-standing.ts";
import { BEAT_LIMIT_MS, GOODBYE, STAY } from "./heartbeat.ts";

const POLL_INTERVAL_MS = 200;
const COUNTED_AT_MOST_MS = 2 * POLL_INTERVAL_MS;
/** For a pipe that closes without a good-bye while the lab is alive: the lab is dying, or has a new watchdog. */
const DYING_LIMIT_MS = 5_000;
const RESTORE_LIMIT_MS = 60_000;

const [folder = "", pid = "", startedAt = ""] = process.argv.slice(2);
const lab = { pid: Number(pid), startedAt };
const labsTime = new AbleToAct(lab.pid);
const home = openHomeToUndo(folder);

let checkedMs = performance.now();
let silentMs = 0;
let isOver = false;
let isStaying = false;
let isHanging = false;

process.stdin.setEncoding("utf8");
process.stdin.on("data", (text: string) => {
  silentMs = 0;
  if (isHanging) log("the lab's heartbeat is back");
  isHanging = false;
  isOver ||= text.includes(GOODBYE);
  if (isOver) process.exit(0);
  if (text.includes(STAY)) void stay();
});
process.stdin.on("close", () => void whenPipeCloses());
process.stdin.on("error", () => {});
// Ctrl-C and a closing terminal concern the lab; the watchdog exits after the lab.
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, () => {});

const listening = setInterval(() => {
  const nowMs = performance.now();
  // Time in which this process did not run either, for instance while the machine slept, does not count as silence, nor does
  // time in which the lab waited for a processor.
  silentMs += labsTime.ms(Math.min(nowMs - checkedMs, COUNTED_AT_MOST_MS));
  checkedMs = nowMs;
  if (isHanging || silentMs < BEAT_LIMIT_MS) return;
  isHanging = true;
  log(`no heartbeat of the lab (process ${lab.pid}) for ${BEAT_LIMIT_MS} ms: undoing its faults`);
  void undoBesideTheLab().catch(logFailure);
}, POLL_INTERVAL_MS);

async function stay(): Promise<void> {
  isStaying = true;
  clearInterval(listening);
  await expireStanding(home, log).catch(logFailure);
  process.exit(0);
}

async function whenPipeCloses(): Promise<void> {
  if (isOver || isStaying) return;
  const limit = performance.now() + DYING_LIMIT_MS;
  while (isSameProcess(lab) && performance.now() < limit) await delay(POLL_INTERVAL_MS / 10);
  if (isSameProcess(lab)) process.exit(0);
  // A dead lab is silent too: that must not start a second restore beside this one.
  clearInterval(listening);
  await restoreAll().catch(logFailure);
  await stay();
}

/** As at the next start, and never concurrently with it: whichever acquires the lock first does it. */
async function restoreAll(): Promise<void> {
  const journal = openJournalToUndo(home.journalFile);
  try {
    const owner = lockOwnerOf(journal);
    if (owner !== undefined && owner.pid !== lab.pid) return;
    log(`the lab (process ${lab.pid}) has died: restoring what it left`);
    const release = tryAcquireLock(journal);
    if (release === undefined) return await undoBesideTheLab();
    try {
      const parts = partsOf(journal);
      for (const { what } of await recover(parts, AbortSignal.timeout(RESTORE_LIMIT_MS))) log(what);
    } finally {
      release();
    }
  } finally {
    journal.close();
  }
}

/** Undefined when the lock cannot be written, for instance on a full disk: what needs no lock is still done. */
function tryAcquireLock(journal: Journal): (() => void) | undefined {
  try {
    return acquireLock(journal, thisProcess, RECOVERY_PURPOSE, Date.now());
  } catch (error) {
    if (error instanceof LabError) throw error;
    logFailure(error);
    return undefined;
  }
}

async function undoBesideTheLab(): Promise<void> {
  const journal = openJournalToUndo(home.journalFile);
  try {
    if (isBlocked(journal) && (await isStillHanging())) {
      log(`the lab (process ${lab.pid}) is frozen in a write to its journal: ending it`);
      // Its pipe closes, and all that it left is restored.
      process.kill(lab.pid, "SIGKILL");
      return;
    }
    const parts = partsOf(journal);
    for (const stack of parts.register.list()) {
      const limit = AbortSignal.timeout(RESTORE_LIMIT_MS);
      // A stack that cannot be restored must not keep the others from it.
      const isWanted = (fault: OpenFault) => isDue(fault, Date.now());
      const undone = await undoOpenFaults(stack, parts, "links first, then all at once", limit, isWanted).catch(
        logFailure,
      );
      for (const { fault, result, detail } of undone ?? []) {
        log(`undid ${fault.kind} ${fault.target}: ${result}, ${detail}`);
      }
    }
  } finally {
    journal.close();
  }
}

/** After a wait that held this thread up, in which a heartbeat may have come. */
async function isStillHanging(): Promise<boolean> {
  await delay(POLL_INTERVAL_MS);
  return isHanging && isSameProcess(lab);
}

function partsOf(journal: Journal) {
  return {
    register: new StackRegister(journal),
    faults: new FaultJournal(journal),
    stacksFolder: home.stacksFolder,
    environment: process.env,
  };
}

function log(text: string): void {
  console.log(`${new Date().toISOString()} ${text}`);
}

function logFailure(error: unknown): void {
  log(`failed: ${messageOf(error)}`);
}
