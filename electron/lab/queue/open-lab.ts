import { createHash } from "node:crypto";
import { hostname } from "node:os";
import type { LabHome } from "../home.ts";
import { type LockOwner, lockOwnerOf, openJournalToRead } from "../journal/journal.ts";
import { isSameProcess } from "../process-identity.ts";

/** Purpose of the lock of a lab with a window: it carries out runs for others of its data folder. */
export const WINDOW_PURPOSE = "the lab's window";

/**
 * Labels of the runs on the stack that is open in a window. They belong to this opening of the lab: what was left by an
 * earlier one is only run when a person continues it.
 */
export interface OpenLabLabels {
  /** Prefix of the labels of every opening of the lab. */
  prefix: string;
  /** Of runs that were started in the window. */
  window: string;
  /** Prefix of the labels of runs from a terminal, which wait for those; and the label of most of them. */
  terminal: string;
  /** Of those from a terminal that take the stack as they find it, faults included. */
  accepting: string;
}

export function openLabLabels({ folder }: Pick<LabHome, "folder">, owner: LockOwner): OpenLabLabels {
  const prefix = `lab:${digest(hostname(), folder)}:`;
  const window = `${prefix}${digest(owner.pid, owner.startedAt, owner.sinceWallMs)}`;
  const terminal = `${window}:terminal`;
  return { prefix, window, terminal, accepting: `${terminal}:accepting` };
}

/** The living lab that has a window open on this data folder. Nothing is written. */
export function openLabOf(home: LabHome): LockOwner | undefined {
  const journal = openJournalToRead(home.journalFile);
  try {
    const owner = lockOwnerOf(journal);
    return owner?.purpose === WINDOW_PURPOSE && owner.pid !== process.pid && isSameProcess(owner) ? owner : undefined;
  } finally {
    journal.close();
  }
}

export function isSameLab(one: LockOwner | undefined, other: LockOwner): boolean {
  return one?.pid === other.pid && one.startedAt === other.startedAt && one.sinceWallMs === other.sinceWallMs;
}

function digest(...of: readonly (string | number)[]): string {
  return createHash("sha256").update(of.join("|")).digest("hex").slice(0, 16);
}
