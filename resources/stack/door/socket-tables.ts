import { readFileSync } from "node:fs";

/** Of one table; those that listen are its first lines. */
const TABLE_CHARS = 1024 * 1024;

/**
 * The TCP sockets in the network namespaces of processes of this machine, each container's after a line `container ID`.
 * @param processes `PID:ID`, a process and the id of the container that it is to be of
 */
export function printSocketTables(processes: readonly string[]): void {
  for (const each of processes) {
    const [pid, id] = each.split(":");
    if (!/^\d+$/.test(pid ?? "") || !id || !read(`/proc/${pid}/cgroup`).includes(id)) continue;
    const tables = ["tcp", "tcp6"].map((name) => read(`/proc/${pid}/net/${name}`).slice(0, TABLE_CHARS));
    process.stdout.write(`container ${id}\n${tables.join("")}`);
  }
}

/** Nothing where the process has ended, or the kernel has no such table. */
function read(file: string): string {
  try {
    return readFileSync(file, "latin1");
  } catch {
    return "";
  }
}
