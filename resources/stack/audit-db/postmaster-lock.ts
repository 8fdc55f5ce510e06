/**
 * postmaster.pid names the process that uses the cluster. PostgreSQL accepts any live process with that id, also an
 * unrelated one that received the id after a crash; where /proc shows the difference, such a lock is removed. A lock whose
 * process no longer exists is left to PostgreSQL, which uses it to find other remaining users of the cluster.
 */
import { existsSync, readFileSync, statSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { StartError } from "../http/serve.ts";

export async function refuseIfRunning(folder: string): Promise<void> {
  const file = join(folder, "postmaster.pid");
  if (!existsSync(file)) return;
  // Single-user mode writes a negative id.
  const pid = Math.abs(Number.parseInt(readFileSync(file, "utf8"), 10));
  if (!(pid > 0) || !isAlive(pid)) return;
  if (worksIn(pid, folder) ?? true) {
    throw new StartError(
      `${folder} is in use by PostgreSQL, process ${pid}. Stop that first, or set DATA_FOLDER to another folder.`,
    );
  }
  console.log(`audit-db removing a stale lock: process ${pid} is not the PostgreSQL of ${folder}`);
  await rm(file, { force: true });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Undefined if it cannot be determined. All processes of a server have the cluster's folder as working directory. */
function worksIn(pid: number, folder: string): boolean | undefined {
  try {
    const [its, ours] = [statSync(`/proc/${pid}/cwd`), statSync(folder)];
    return its.ino === ours.ino && its.dev === ours.dev;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // A process of another user cannot use this cluster, nor can one that has just ended.
    if (code === "EACCES" || code === "EPERM") return false;
    return existsSync("/proc/self/cwd") ? false : undefined;
  }
}
