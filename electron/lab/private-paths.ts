import { chmodSync, lstatSync, readdirSync, readlinkSync, type Stats, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { LabError } from "./lab-error.ts";

/**
 * Who may read, change or replace what the lab keeps: its owner alone. Modes and owners are POSIX's; on Windows nothing
 * is judged here, and the user's profile folder is private by its access list.
 */

const OTHERS = 0o077;
const OTHERS_WRITE = 0o022;
const STICKY = 0o1000;
const ROOT = 0;
/** As the kernel's own limit: a path with more links is a loop. */
const LINK_LIMIT = 40;

const ownUser = (): number | undefined => process.geteuid?.();

/**
 * Every folder above, and every link on the way, can be replaced only by this user or root.
 * @throws LabError `bad-input` naming the first that somebody else may rename things in
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
    if (found.uid !== self && found.uid !== ROOT) throw foreign(current, found, self);
    if (found.isSymbolicLink()) {
      if (++links > LINK_LIMIT) throw new LabError("bad-input", `${path} leads through too many links`);
      visit(resolve(above, readlinkSync(current)), isAbove);
    } else if (isAbove && (found.mode & OTHERS_WRITE) !== 0 && (found.mode & STICKY) === 0) {
      throw new LabError("bad-input", `other users may replace what is in ${current} (mode ${octal(found)})`, {
        cure: `run \`chmod go-w ${current}\`, or point RESILIENCE_LAB_HOME at a folder below your home folder`,
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
  if (found.uid !== self) throw foreign(folder, found, self);
}

/** @throws LabError `bad-input` with the next step when others may write in the folder */
export function assertNobodyElseMayWrite(folder: string): void {
  if (ownUser() === undefined) return;
  const found = statSync(folder);
  if ((found.mode & OTHERS_WRITE) === 0) return;
  throw new LabError("bad-input", `other users may write in the data folder ${folder} (mode ${octal(found)})`, {
    cure: `look at what is in it, then run \`chmod -R go-rwx ${folder}\`, or point RESILIENCE_LAB_HOME at another folder`,
  });
}

/** Nobody else can enter it any more. Only of this user's own; what belongs to another is left. */
export function closeFolder(folder: string): void {
  const found = statSync(folder);
  if (found.uid === ownUser()) close(folder, found);
}

/**
 * Closes a folder and what is in it to everyone else. A folder two levels below that is closed already is not entered:
 * what is in it is out of reach, and the files of a database cluster are many. What belongs to another user (root's lab
 * has its database run as `nobody`) is left.
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

/** Only its owner can read it from now on, as far as it is this user's own; one that has gone meanwhile needs nothing. */
export function closeFile(file: string): void {
  const found = statSync(file, { throwIfNoEntry: false });
  if (found !== undefined && found.uid === ownUser()) close(file, found);
}

/**
 * What it says may be acted upon: nobody but this user and root can have written it.
 * @throws LabError `bad-input` with the next step
 */
export function assertWrittenByNobodyElse(file: string): void {
  const self = ownUser();
  const found = statSync(file, { throwIfNoEntry: false });
  if (self === undefined || found === undefined) return;
  if (found.uid !== self && found.uid !== ROOT) throw foreign(file, found, self);
  if ((found.mode & OTHERS_WRITE) === 0) return;
  throw new LabError("bad-input", `other users may have written to ${file} (mode ${octal(found)})`, {
    cure: `if nobody has, run \`chmod 600 ${file}\`; else move it away`,
  });
}

function close(path: string, { mode }: Stats): void {
  if ((mode & OTHERS) === 0) return;
  try {
    chmodSync(path, mode & 0o700);
  } catch (error) {
    // A medium that cannot be written keeps the modes that it has.
    if (!(error instanceof Error && "code" in error && error.code === "EROFS")) throw error;
  }
}

function foreign(path: string, { uid }: Stats, self: number): LabError {
  return new LabError("bad-input", `${path} belongs to another user (uid ${uid}; this lab runs as uid ${self})`, {
    cure: `run the lab as its owner (\`sudo -u '#${uid}' resilience-lab ...\`), or point RESILIENCE_LAB_HOME at a folder of your own`,
  });
}

function octal({ mode }: Stats): string {
  return (mode & 0o7777).toString(8).padStart(4, "0");
}
