import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { factsOf, IS_LINUX } from "./process-facts.ts";

type ChildrenOf = (pid: number) => readonly number[];

/** Most kernels list the children of a thread. A look through all processes took 12 ms of the engine's thread with 700 of them. */
const LISTS_CHILDREN = existsSync("/proc/thread-self/children");

/** Process ids of a process and all of its descendants, itself first. */
export function familyOf(root: number): number[] {
  const childrenOf = LISTS_CHILDREN ? listedChildren : childrenByParent();
  const family = new Set([root]);
  for (const pid of family) for (const child of childrenOf(pid)) family.add(child);
  return [...family];
}

/** Read twice, since the kernel may skip one while another ends (proc_pid_task_children(5)). */
function listedChildren(pid: number): number[] {
  return [...readChildren(pid), ...readChildren(pid)];
}

/** A child belongs to the thread that started it, and to another one when that has ended. */
function readChildren(pid: number): number[] {
  const threads = `/proc/${pid}/task`;
  const listed = unlessEnded(() => readdirSync(threads))?.flatMap((thread) => {
    const line = unlessEnded(() => readFileSync(`${threads}/${thread}/children`, "utf8"));
    return line?.match(/\d+/g) ?? [];
  });
  return listed?.map(Number) ?? [];
}

function unlessEnded<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

function childrenByParent(): ChildrenOf {
  const children = new Map<number, number[]>();
  for (const [pid, parent] of allParents()) children.set(parent, [...(children.get(parent) ?? []), pid]);
  return (pid) => children.get(pid) ?? [];
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
