/** PostgreSQL refuses to run as root. If started as root, all its programs run as `nobody`, which exists on every Unix. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { StartError } from "../http/serve.ts";

export interface Account {
  uid: number;
  gid: number;
}

/** The account to run PostgreSQL as; undefined if the current one can be used. */
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

/** Whether the account can start `program`. Tested by running it: access needs every parent folder and every library. */
export function canRun(program: string, args: readonly string[], account: Account | undefined): boolean {
  return spawnSync(program, args, { ...account, cwd: "/", stdio: "ignore", timeout: 10_000 }).status === 0;
}

/** Drops root privileges permanently: groups first, since that requires root. */
export function become({ uid, gid }: Account): void {
  process.setgroups?.([]);
  process.setgid?.(gid);
  process.setuid?.(uid);
}
