import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** What the system says of a process. */
export interface ProcessFacts {
  parent: number;
  state: string;
  startedAt: string;
}

export const IS_LINUX = process.platform === "linux";

/** Start times count from the boot, so they are only comparable within the same boot. */
function readBoot(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").slice(0, 8);
  } catch {
    return "boot";
  }
}

const BOOT = IS_LINUX ? readBoot() : "";

export function factsOf(pid: number): ProcessFacts | undefined {
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
