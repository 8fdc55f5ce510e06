import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { factsOf, IS_LINUX } from "./process-facts.ts";

/** Process ids of a process and all of its descendants, itself first. */
export function familyOf(root: number): number[] {
  const childrenOf = new Map<number, number[]>();
  for (const [pid, parent] of allParents()) childrenOf.set(parent, [...(childrenOf.get(parent) ?? []), pid]);
  const family = [root];
  for (const pid of family) family.push(...(childrenOf.get(pid) ?? []));
  return family;
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
