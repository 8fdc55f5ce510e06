/** The life of a service as a program: start, say where, stop on SIGTERM or SIGINT, exit codes 0, 1 (broke) and 2 (misconfigured). */
import module from "node:module";
import { EnvironmentError } from "./environment.ts";
import { type RunningService, StartError } from "./serve.ts";

/** A stop must be over by then, whatever hangs: whoever stops the service kills it soon after. */
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
    // Now rather than at its end: a service that is killed has none, and its next start would compile everything again.
    module.flushCompileCache?.();
  } catch (error) {
    exitWithProblem(name, error);
  }
}

/** Prints why the service cannot run and exits: 2 when its configuration is the cause, else 1. */
export function exitWithProblem(name: string, error: unknown): never {
  if (error instanceof EnvironmentError || error instanceof StartError) {
    for (const line of error.message.split("\n")) console.error(`${name}: ${line}`);
    process.exit(2);
  }
  console.error(`${name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  process.exit(1);
}
