import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { openJournal } from "../lab/journal/journal.ts";
import { type Launch, StackRegister } from "../lab/journal/stack-register.ts";
import { killFamily, ProcessDriver, processesOfStack } from "../lab/stacks/process-driver.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** Small real processes under a driver, each a line of JavaScript; whatever is left of them ends with the test. */
export function serviceProcesses(programs: Record<string, string>, change: Partial<Launch> = {}) {
  const folder = temporaryFolder();
  mkdirSync(join(folder, "logs"));
  const journal = openJournal(join(folder, "journal.db"));
  const register = new StackRegister(journal);
  const stackId = `test-${process.pid}-${Math.random().toString(36).slice(2, 10)}`;
  journal.database
    .prepare("INSERT INTO stacks (id, project, file, kept, ports, without) VALUES (?, 'test', '', 0, '{}', '[]')")
    .run(stackId);
  const logOf = (service: string, stream: "stdout" | "stderr") => join(folder, "logs", `${service}.${stream}.log`);
  for (const [service, program] of Object.entries(programs)) {
    const launch: Launch = {
      command: ["node", "-e", program],
      environment: { PATH: process.env.PATH ?? "" },
      folder,
      stopSignal: "SIGTERM",
      stopGraceMs: 10_000,
      logFile: { stdout: logOf(service, "stdout"), stderr: logOf(service, "stderr") },
      ...change,
    };
    register.setProcess(stackId, service, launch, undefined);
  }
  onTestFinished(async () => {
    for (const identity of processesOfStack(stackId)) await killFamily(identity, "a process of a test");
    journal.close();
  });
  return { driver: new ProcessDriver(stackId, register), register, stackId, folder, logOf };
}
