/**
 * postmaster.pid names the process that has the cluster. PostgreSQL takes any live process with that id for it, also an
 * unrelated one that got the id after a crash; where /proc tells them apart, such a lock is removed. One whose process is
 * gone is left to PostgreSQL, which reads in it what else could still be using the cluster.
 */
import { existsSync, readFileSync, statSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { StartError } from "../http/serve.ts";

export async function refuseIfRunning(folder: string): Promise<void> {
  const file = join(folder, "postmaster.pid");
  if (!existsSync(file)) return;
  // Single-user mode writes its id with a minus sign.
  const pid = Math.abs(Number.parseInt(readFileSync(file, "utf8"), 10));
  if (!(pid > 0) || !isAlive(pid)) return;
  if (worksIn(pid, folder) ?? true) {
    throw new StartError(
      `${folder} is in use by PostgreSQL, process ${pid}. Stop that first, or set DATA_FOLDER to another folder.`,
    );
  }
  console.log(`audit-db removing a lock left behind: process ${pid} is no PostgreSQL of ${folder}`);
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

/** Undefined where it cannot be known. A server's processes all work inside its cluster's folder. */
function worksIn(pid: number, folder: string): boolean | undefined {
  try {
    const [its, ours] = [statSync(`/proc/${pid}/cwd`), statSync(folder)];
    return its.ino === ours.ino && its.dev === ours.dev;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Another user's process cannot hold a cluster of ours; one that has just ended holds nothing.
    if (code === "EACCES" || code === "EPERM") return false;
    return existsSync("/proc/self/cwd") ? false : undefined;
  }
}
