import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join, sep } from "node:path";

/** A service's process as listed in /proc. */
export interface ServiceProcess {
  pid: number;
  /** One letter, as in proc_pid_stat(5): `T` is stopped, `Z` a zombie. */
  state: string;
  service: string;
  command: string;
  environment: Record<string, string>;
}

/**
 * The first process of each service of the stacks of a data folder, identified by the file that its output goes to:
 * from /proc alone, without the lab's journal. Child processes are left out, unless they are stopped or orphaned.
 */
export function serviceProcessesOf(home: string): ServiceProcess[] {
  const found = allPids().flatMap((pid) => readService(pid, join(home, "stacks") + sep));
  const pids = new Set(found.map(({ pid }) => pid));
  return found.filter(({ parent, state }) => !pids.has(parent) || state === "T");
}

/** Process ids of the watchdogs of a data folder, or of those that a process has started. */
export function watchdogsOf(whose: { home: string } | { parent: number }): number[] {
  return allPids().filter((pid) => {
    const command = read(pid, "cmdline").split("\0");
    const at = command.findIndex((argument) => /watchdog(\/main\.ts|\.js)$/.test(argument));
    if (at < 0) return false;
    return "home" in whose ? command[at + 1] === whose.home : statOf(pid)?.parent === whose.parent;
  });
}

/** Whether a process catches SIGHUP: Node does not until a program registers a handler. */
export function catchesHangup(pid: number): boolean {
  const [, caught = "0"] = /^SigCgt:\s*([0-9a-f]+)$/m.exec(read(pid, "status")) ?? [];
  return (BigInt(`0x${caught}`) & 1n) === 1n;
}

function allPids(): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

function readService(pid: number, stacks: string): (ServiceProcess & { parent: number })[] {
  const output = linkOf(pid);
  const stat = statOf(pid);
  if (output === undefined || stat === undefined || !output.startsWith(stacks)) return [];
  const [, service] = /([\w-]+)\.stdout\.log/.exec(output) ?? [];
  const variables = read(pid, "environ")
    .split("\0")
    .map((line) => line.split(/=(.*)/s).slice(0, 2));
  return service === undefined
    ? []
    : [
        {
          pid,
          ...stat,
          service,
          command: read(pid, "cmdline").replaceAll("\0", " ").trim(),
          environment: Object.fromEntries(variables),
        },
      ];
}

function statOf(pid: number): { state: string; parent: number } | undefined {
  const stat = read(pid, "stat");
  const [state, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return state ? { state, parent: Number(parent) } : undefined;
}

/** Target of its standard output. */
function linkOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/fd/1`);
  } catch {
    return undefined; // it has ended, or is a zombie
  }
}

function read(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}
