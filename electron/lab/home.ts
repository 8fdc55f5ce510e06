import { mkdirSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import { LabError, messageOf } from "./lab-error.ts";

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

/**
 * Creates the folder, readable by its owner alone: journals hold the environment of services. One that is there and cannot
 * be written is opened all the same: what only reads works, and what has to write says what it cannot.
 */
export function openHome(folder: string): LabHome {
  const stacksFolder = join(folder, "stacks");
  try {
    mkdirSync(stacksFolder, { recursive: true, mode: 0o700 });
  } catch (error) {
    if (!isFolder(folder)) {
      throw new LabError("bad-input", `the data folder ${folder} cannot be used: ${messageOf(error)}`, {
        cure: "make it writable, or point RESILIENCE_LAB_HOME at another folder",
        cause: error,
      });
    }
  }
  return {
    folder,
    historyFile: join(folder, "history.db"),
    journalFile: join(folder, "journal.db"),
    stacksFolder,
  };
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
