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

/** Umask of the lab, inherited by the watchdog and by services that run as processes. */
const PRIVATE = 0o077;

/** The data folder and the paths in it. One folder is one lab: its history, its journal, its stack. */
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

/** Sets the umask of the process. Worker threads cannot, and do not need to: the main thread has set it. */
function closeNewFiles(): void {
  if (isMainThread) process.umask(PRIVATE);
}

/**
 * Opens a data folder, created if missing: accessible to its owner only, as is all that this process and its children
 * write from now on. An existing folder that cannot be written is opened too: reading works, and each write reports its
 * own error.
 * @throws LabError `bad-input` for a folder of another user, or one that other users may write in or replace
 */
export function openHome(folder: string): LabHome {
  const home = pathsIn(folder);
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
 * Opens a data folder to undo what is in force there. That must also work after others got access to it: a folder of this
 * user is closed to them, not refused. The files are checked separately: databases that others own or may have written
 * are refused.
 * @throws LabError `bad-input` for a folder of another user
 */
export function openHomeToUndo(folder: string): LabHome {
  const home = pathsIn(folder);
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
      hint: "make it writable, or point RESILIENCE_LAB_HOME at another folder",
      cause: error,
    });
  }
}

function pathsIn(folder: string): LabHome {
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
