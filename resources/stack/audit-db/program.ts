/** Runs one of PostgreSQL's programs to completion. */
import { spawn } from "node:child_process";
import type { Account } from "./account.ts";

export interface ProgramRun {
  program: string;
  args: readonly string[];
  account: Account | undefined;
  cwd: string;
  input?: string;
  /** Ends the program with SIGTERM. */
  signal: AbortSignal;
}

export interface ProgramResult {
  code: number | null;
  output: string;
}

export function runProgram({ program, args, account, cwd, input = "", signal }: ProgramRun): Promise<ProgramResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { ...account, cwd, signal, env: environmentForPostgres() });
    let output = "";
    const collect = (chunk: Buffer): void => {
      output += chunk.toString("utf8");
    };
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    // A program that ends before reading its input is reported by its exit code.
    child.stdin.on("error", () => {});
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, output }));
    child.stdin.end(input);
  });
}

/** Without PostgreSQL's own variables, and without the password: other processes may read an environment. */
export function environmentForPostgres(): Record<string, string> {
  const kept = Object.entries(process.env).filter(
    ([name, value]) => value !== undefined && !/^(PG|POSTGRES_|LC_|LANG)/.test(name),
  );
  return { ...(Object.fromEntries(kept) as Record<string, string>), LC_ALL: "C", TZ: "UTC" };
}
