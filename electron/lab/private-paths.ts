import { chmodSync, lstatSync, readdirSync, readlinkSync, type Stats, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { LabError } from "./lab-error.ts";

/**
 * Only its owner may read, change or replace what the lab stores. Modes and owners are POSIX's; on Windows nothing is
 * checked here, since the user's profile folder is private by its access list.
 */

const OTHERS = 0o077;
const OTHERS_WRITE = 0o022;
const STICKY = 0o1000;
const ROOT = 0;
/** The kernel's own limit (Linux MAXSYMLINKS): a path with more links is taken for a loop. */
const LINK_LIMIT = 40;

const ownUser = (): number | undefined => process.geteuid?.();

/**
 * Checks that only this user or root can replace any parent folder and any link of the path.
 * @throws LabError `bad-input` naming the first folder in which another user may rename files
 */
export function assertNobodyElseMayReplace(path: string): void {
  const self = ownUser();
  if (self === undefined) return;
  let links = 0;
  const visit = (current: string, isAbove: boolean): void => {
    const above = dirname(current);
    if (above !== current) visit(above, true);
    const found = lstatSync(current, { throwIfNoEntry: false });
    if (found === undefined) return;
    if (found.uid !== self && found.uid !== ROOT) throw belongsToAnother(current, found, self);
    if (found.isSymbolicLink()) {
      if (++links > LINK_LIMIT) throw new LabError("bad-input", `${path} leads through too many links`);
      visit(resolve(above, readlinkSync(current)), isAbove);
    } else if (isAbove && (found.mode & OTHERS_WRITE) !== 0 && (found.mode & STICKY) === 0) {
      throw new LabError("bad-input", `other users may replace what is in ${current} (mode ${octal(found)})`, {
        hint: `run \`chmod go-w ${current}\`, or point RESILIENCE_LAB_HOME at a folder below your home folder`,
      });
    }
  };
  visit(resolve(path), false);
}

/** @throws LabError `bad-input` when the folder is another user's */
export function assertOwner(folder: string): void {
  const self = ownUser();
  if (self === undefined) return;
  const found = statSync(folder);
  if (found.uid !== self) throw belongsToAnother(folder, found, self);
}

/** @throws LabError `bad-input` with the next step when others may write in the folder */
export function assertNobodyElseMayWrite(folder: string): void {
  if (ownUser() === undefined) return;
  const found = statSync(folder);
  if ((found.mode & OTHERS_WRITE) === 0) return;
  throw new LabError("bad-input", `other users may write in the data folder ${folder} (mode ${octal(found)})`, {
    hint: `check its contents, then run \`chmod -R go-rwx ${folder}\`, or point RESILIENCE_LAB_HOME at another folder`,
  });
}

/** Closes a folder to other users, if it belongs to this user; else leaves it. */
export function closeFolder(folder: string): void {
  const found = statSync(folder);
  if (found.uid === ownUser()) close(folder, found);
}

/**
 * Closes a folder and its contents to other users. A closed folder two or more levels below is not entered: its contents
 * are out of reach, and a database cluster has many files. What belongs to another user is left (as root the lab runs
 * its database as `nobody`).
 */
export function closeToOthers(folder: string, depth = 0): void {
  const found = statSync(folder);
  if (found.uid !== ownUser()) return;
  close(folder, found);
  if ((found.mode & OTHERS) === 0 && depth > 1) return;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) closeToOthers(path, depth + 1);
    else if (entry.isFile()) closeFile(path);
  }
}

/** Closes a file to other users, if it exists and belongs to this user. */
export function closeFile(file: string): void {
  const found = statSync(file, { throwIfNoEntry: false });
  if (found !== undefined && found.uid === ownUser()) close(file, found);
}

/**
 * Checks that only this user and root can have written the file, so that its contents can be trusted.
 * @throws LabError `bad-input` with the next step
 */
export function assertWrittenByNobodyElse(file: string): void {
  const self = ownUser();
  const found = statSync(file, { throwIfNoEntry: false });
  if (self === undefined || found === undefined) return;
  if (found.uid !== self && found.uid !== ROOT) throw belongsToAnother(file, found, self);
  if ((found.mode & OTHERS_WRITE) === 0) return;
  throw new LabError("bad-input", `other users may have written to ${file} (mode ${octal(found)})`, {
    hint: `if nobody has, run \`chmod 600 ${file}\`; else move it away`,
  });
}

function close(path: string, { mode }: Stats): void {
  if ((mode & OTHERS) === 0) return;
  try {
    chmodSync(path, mode & 0o700);
  } catch (error) {
    // Modes on a read-only file system cannot be changed.
    if (!(error instanceof Error && "code" in error && error.code === "EROFS")) throw error;
  }
}

function belongsToAnother(path: string, { uid }: Stats, self: number): LabError {
  return new LabError("bad-input", `${path} belongs to another user (uid ${uid}; this lab runs as uid ${self})`, {
    hint: `run the lab as its owner (\`sudo -u '#${uid}' resilience-lab ...\`), or point RESILIENCE_LAB_HOME at a folder of your own`,
  });
}

function octal({ mode }: Stats): string {
  return (mode & 0o7777).toString(8).padStart(4, "0");
}
