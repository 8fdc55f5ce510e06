import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

/** Identifies a process so that a later one with the same number is not mistaken for it. */
export interface ProcessIdentity {
  pid: number;
  /** Start time as the system reports it: compare for equality only. */
  startedAt: string;
}

interface ProcessFacts {
  parent: number;
  state: string;
  startedAt: string;
}

/** The identity of a running process; undefined when there is none. A zombie counts as dead. */
export function identify(pid: number): ProcessIdentity | undefined {
  const facts = factsOf(pid);
  return facts === undefined || facts.state.startsWith("Z") ? undefined : { pid, startedAt: facts.startedAt };
}

export function isSameProcess(identity: ProcessIdentity): boolean {
  return identify(identity.pid)?.startedAt === identity.startedAt;
}

export function isPaused(identity: ProcessIdentity): boolean {
  const facts = factsOf(identity.pid);
  return facts?.startedAt === identity.startedAt && facts.state.startsWith("T");
}

/** Process ids of a process and all of its descendants, itself first. */
export function familyOf(root: number): number[] {
  const childrenOf = new Map<number, number[]>();
  for (const [pid, parent] of allParents()) childrenOf.set(parent, [...(childrenOf.get(parent) ?? []), pid]);
  const family = [root];
  for (const pid of family) family.push(...(childrenOf.get(pid) ?? []));
  return family;
}

const IS_LINUX = process.platform === "linux";

/** Start times count from the boot, so they are only comparable within the same boot. */
function readBoot(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").slice(0, 8);
  } catch {
    return "boot";
  }
}

const BOOT = IS_LINUX ? readBoot() : "";

export const thisProcess: ProcessIdentity = identify(process.pid) ?? { pid: process.pid, startedAt: "unknown" };

function factsOf(pid: number): ProcessFacts | undefined {
  try {
    return IS_LINUX ? parseStat(readFileSync(`/proc/${pid}/stat`, "utf8")) : askPs(pid);
  } catch {
    return undefined;
  }
}

/** Fields of proc_pid_stat(5), counted after the name, which is in parentheses and may contain spaces. */
function parseStat(stat: string): ProcessFacts {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return { state: fields[0] ?? "", parent: Number(fields[1]), startedAt: `${BOOT}:${fields[19]}` };
}

function askPs(pid: number): ProcessFacts | undefined {
  const line = execFileSync("ps", ["-o", "ppid=,state=,lstart=", "-p", String(pid)], { encoding: "utf8" }).trim();
  const [parent, state, ...started] = line.split(/\s+/);
  return state === undefined ? undefined : { parent: Number(parent), state, startedAt: started.join(" ") };
}

function allParents(): [pid: number, parent: number][] {
  if (!IS_LINUX) {
    const lines = execFileSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" }).trim().split("\n");
    return lines.map((line) => line.trim().split(/\s+/).map(Number) as [number, number]);
  }
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const facts = factsOf(Number(name));
      return facts === undefined ? [] : [[Number(name), facts.parent] as [number, number]];
    });
}
