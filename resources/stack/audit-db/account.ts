/** PostgreSQL refuses to run as root. Started as root, everything of it runs as `nobody`, which every Unix has. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { StartError } from "../http/serve.ts";

export interface Account {
  uid: number;
  gid: number;
}

/** The account to run PostgreSQL as; undefined when the current one will do. */
export function accountForPostgres(): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const entry = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .map((line) => line.split(":"))
    .find(([name]) => name === "nobody");
  const [uid, gid] = [Number(entry?.[2]), Number(entry?.[3])];
  if (!(uid > 0) || !(gid > 0)) {
    throw new StartError(
      "PostgreSQL cannot run as root, and /etc/passwd has no user nobody. Start the lab as an ordinary user.",
    );
  }
  return { uid, gid };
}

/** Whether the account can start `program`, tried rather than guessed: it takes every folder above and every library. */
export function canRun(program: string, args: readonly string[], account: Account | undefined): boolean {
  return spawnSync(program, args, { ...account, cwd: "/", stdio: "ignore", timeout: 10_000 }).status === 0;
}

/** Gives up root for good: groups first, while this still may. */
export function become({ uid, gid }: Account): void {
  process.setgroups?.([]);
  process.setgid?.(gid);
  process.setuid?.(uid);
}
