/** Runs a service as a program: starts it, logs its URL, stops it on a signal. Exit codes: 0, 1 failed, 2 misconfigured. */
import module from "node:module";
import { EnvironmentError } from "./environment.ts";
import { type RunningService, StartError } from "./serve.ts";

/** Upper bound for a stop, whatever hangs: the lab sends SIGKILL soon after. */
const longestStopMs = 2_800;

export async function runService(name: string, start: () => Promise<RunningService>): Promise<void> {
  let service: RunningService | undefined;
  let stopping = false;
  const stop = async (signal: string): Promise<void> => {
    if (stopping) return;
    stopping = true;
    console.log(`${name} stopping (${signal})`);
    setTimeout(() => process.exit(0), longestStopMs).unref();
    await service?.stop();
    process.exit(0);
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => void stop(signal));
  try {
    service = await start();
    console.log(`${name} listening on ${service.url}`);
    // Written now rather than at exit: a killed service has no exit, and its next start would compile everything again.
    module.flushCompileCache?.();
  } catch (error) {
    exitWithProblem(name, error);
  }
}

/** Prints why the service cannot run and exits: 2 if its configuration is the cause, else 1. */
export function exitWithProblem(name: string, error: unknown): never {
  if (error instanceof EnvironmentError || error instanceof StartError) {
    for (const line of error.message.split("\n")) console.error(`${name}: ${line}`);
    process.exit(2);
  }
  console.error(`${name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  process.exit(1);
}
