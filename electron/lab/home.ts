import { mkdirSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import { isMainThread } from "node:worker_threads";
import { LabError, messageOf } from "./lab-error.ts";
import {
  assertNobodyElseMayReplace,
  assertNobodyElseMayWrite,
  assertOwner,
  closeFolder,
  closeToOthers,
} from "./private-paths.ts";

/** The umask of the lab and, since they inherit it, of the watchdog and of services on processes. */
const PRIVATE = 0o077;

/** The data folder and what is where in it. One folder is one lab: its history, its journal, its stack. */
export interface LabHome {
  folder: string;
  historyFile: string;
  journalFile: string;
  /** Data and logs of the services that the process driver runs. */
  stacksFolder: string;
}

/**
 * RESILIENCE_LAB_HOME, else the platform's usual place: `$XDG_DATA_HOME` or `~/.local/share` on Linux,
 * `~/Library/Application Support` on macOS, `%LOCALAPPDATA%` on Windows.
 */
export function dataFolder(environment: NodeJS.ProcessEnv, platform: NodeJS.Platform = process.platform): string {
  const chosen = environment.RESILIENCE_LAB_HOME;
  if (chosen) return isAbsolute(chosen) ? chosen : resolve(chosen);
  const home = homedir();
  if (platform === "darwin") return join(home, "Library", "Application Support", "resilience-lab");
  if (platform === "win32") return join(environment.LOCALAPPDATA ?? join(home, "AppData", "Local"), "resilience-lab");
  return join(environment.XDG_DATA_HOME || join(home, ".local", "share"), "resilience-lab");
}

/** Of the whole process, which a thread of it may not change: the one that started it has. */
function closeNewFiles(): void {
  if (isMainThread) process.umask(PRIVATE);
}

/**
 * Opens a data folder for work, made if there is none: closed to everyone but its owner, as is all that this process and
 * its children write from now on. One that is there and cannot be written is opened all the same: what only reads works,
 * and what has to write says what it cannot.
 * @throws LabError `bad-input` for one of another user, one that others may write in, or one that others may replace
 */
export function openHome(folder: string): LabHome {
  const home = layOut(folder);
  closeNewFiles();
  assertNobodyElseMayReplace(folder);
  usable(folder, () => mkdirSync(home.stacksFolder, { recursive: true, mode: 0o700 }));
  assertNobodyElseMayReplace(folder);
  assertOwner(folder);
  assertNobodyElseMayWrite(folder);
  usable(folder, () => closeToOthers(folder));
  return home;
}

/**
 * Opens a data folder to undo what is in force there, which must also work where others have been let in since: a folder
 * of this user is closed, not refused. What is then acted upon is checked by itself: databases that others own or may
 * have written are refused.
 * @throws LabError `bad-input` for one of another user
 */
export function openHomeToUndo(folder: string): LabHome {
  const home = layOut(folder);
  closeNewFiles();
  usable(folder, () => mkdirSync(folder, { recursive: true, mode: 0o700 }));
  assertOwner(folder);
  usable(folder, () => closeFolder(folder));
  usable(folder, () => mkdirSync(home.stacksFolder, { recursive: true }));
  return home;
}

function usable(folder: string, use: () => unknown): void {
  try {
    use();
  } catch (error) {
    if (isFolder(folder)) return;
    throw new LabError("bad-input", `the data folder ${folder} cannot be used: ${messageOf(error)}`, {
      cure: "make it writable, or point RESILIENCE_LAB_HOME at another folder",
      cause: error,
    });
  }
}

function layOut(folder: string): LabHome {
  return {
    folder,
    historyFile: join(folder, "history.db"),
    journalFile: join(folder, "journal.db"),
    stacksFolder: join(folder, "stacks"),
  };
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
