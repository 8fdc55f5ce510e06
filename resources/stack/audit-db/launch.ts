/**
 * Replaces this process with PostgreSQL: the process id becomes the postmaster's, so that signals to the service reach the
 * database itself. SIGINT is a fast shutdown, SIGTERM waits for clients, SIGQUIT is immediate.
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
  // Experimental in Node, which would print a warning at every start.
  process.removeAllListeners("warning");
  if (process.execve) process.execve(program, [program, ...args], environment);
  runAsChild(program, args, environment);
}

/** For platforms without exec (Windows): a child process that receives the same signals and determines the exit code. */
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
