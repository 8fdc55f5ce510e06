/**
 * Turns this process into PostgreSQL: its id is the postmaster's, so that whoever started the service signals the
 * database itself. SIGINT is a fast shutdown, SIGTERM one that waits for clients, SIGQUIT an immediate one.
 */
import { spawn } from "node:child_process";
import { type Account, become } from "./account.ts";
import { environmentForPostgres } from "./program.ts";

export interface Launch {
  program: string;
  args: readonly string[];
  cwd: string;
  account: Account | undefined;
}

export function becomePostgres({ program, args, cwd, account }: Launch): void {
  const environment = environmentForPostgres();
  process.chdir(cwd);
  if (account) become(account);
  // Experimental in Node, which would say so at every start.
  process.removeAllListeners("warning");
  if (process.execve) process.execve(program, [program, ...args], environment);
  runAsChild(program, args, environment);
}

/** Where a process cannot be replaced (Windows): PostgreSQL as a child that gets the same signals and gives its exit code. */
function runAsChild(program: string, args: readonly string[], environment: Record<string, string>): void {
  const child = spawn(program, args, { env: environment, stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.removeAllListeners(signal);
    process.on(signal, () => child.kill(signal));
  }
  child.on("error", (error) => {
    console.error(`audit-db: ${error.message}`);
    process.exit(1);
  });
  child.on("exit", (code) => process.exit(code ?? 1));
}
