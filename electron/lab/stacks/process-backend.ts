import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { ServiceInstance } from "../../contract/stack.ts";
import { makeProbe, type Probe } from "../health/probe.ts";
import type { RegisteredProcess, RegisteredStack, StackRegister } from "../journal/stack-register.ts";
import { LabError } from "../lab-error.ts";
import { processUsage } from "../process-usage.ts";
import type { LogFollower, StackBackend, StackProgress } from "./backend.ts";
import { addressOf } from "./launch.ts";
import { type LogLine, LogTail, lastLines } from "./log-tail.ts";
import { killFamily, ProcessDriver, processesOfStack } from "./process-driver.ts";
import type { Service } from "./stack-file.ts";

/** Services as child processes, with their output in files. */
export class ProcessBackend implements StackBackend {
  readonly driver: ProcessDriver;
  readonly engine = undefined;
  readonly #registered: RegisteredStack;
  readonly #register: StackRegister;

  constructor(registered: RegisteredStack, register: StackRegister) {
    this.#registered = registered;
    this.#register = register;
    this.driver = new ProcessDriver(registered.id, register);
  }

  address(service: Service): string {
    return addressOf(service, this.#registered.ports);
  }

  probe(service: Service): Probe {
    const { probe, name } = service;
    if ("container" in probe) {
      throw new LabError("bad-input", `${name} runs as a process: it has no container to probe`, {
        hint: "give it a probe of its own in x-lab, such as {http: /health}, or run it on Docker",
      });
    }
    return makeProbe(probe, this.address(service), service.headers);
  }

  followLogs(take: (line: LogLine) => void, maxLineChars?: number): LogFollower {
    const tail = new LogTail(this.#logFiles(), take, maxLineChars === undefined ? {} : { maxLineChars });
    return {
      close: async () => tail.close(),
      async read() {
        tail.read();
        return undefined;
      },
    };
  }

  async lastLines(service: string, count: number): Promise<string[]> {
    const files = this.#logFiles().find((each) => each.service === service);
    return files === undefined ? [] : lastLines(files, count);
  }

  async instances(service: string): Promise<ServiceInstance[]> {
    const process = this.#register.process(this.#registered.id, service);
    if (process === undefined) return [];
    const { identity, launch } = process;
    const { is } = await this.driver.stateOf(service);
    const usage = identity === undefined ? undefined : await processUsage(identity.pid);
    return [
      {
        name: identity === undefined ? service : `process ${identity.pid}`,
        program: launch.command.join(" "),
        state: is,
        startedWallMs: null,
        restarts: null,
        ports: [],
        networks: [],
        cpuPercent: usage?.cpuPercent ?? null,
        memoryBytes: usage?.memoryBytes ?? null,
      },
    ];
  }

  async setVariable(service: string, name: string, value: string | undefined): Promise<void> {
    const process = this.#register.process(this.#registered.id, service);
    if (process === undefined) return;
    const environment = { ...process.launch.environment, [name]: value ?? "" };
    await this.driver.stop(service);
    this.#register.setLaunch(this.#registered.id, service, { ...process.launch, environment });
  }

  /** Of a process its end is told; that it was paused or resumed is seen only by who looks. */
  async receive(): Promise<string[]> {
    return [];
  }

  onChange(listener: (service: string) => void): () => void {
    return this.driver.onExit(listener);
  }

  isGone(): boolean {
    return false;
  }

  onNotice(): () => void {
    return () => {};
  }

  async close(): Promise<void> {}

  #logFiles(): { service: string; stdout: string; stderr: string }[] {
    return this.#register
      .processes(this.#registered.id)
      .map(({ service, launch }) => ({ service, stdout: launch.logFile.stdout, stderr: launch.logFile.stderr }));
  }
}

/**
 * Ends every process of a stack, each after those that need it, known or found by its mark, and removes its data. Safe to
 * repeat.
 */
export async function endProcesses(
  registered: RegisteredStack,
  register: StackRegister,
  stacksFolder: string,
  report?: (progress: StackProgress) => void,
): Promise<void> {
  const driver = new ProcessDriver(registered.id, register);
  const stops = new Map<string, Promise<void>>();
  for (const { service, neededBy } of inStopOrder(register.processes(registered.id))) {
    const stop = async () => {
      await Promise.all(neededBy.map((name) => stops.get(name)));
      report?.({ service, state: "stopping" });
      await driver.stop(service);
      report?.({ service, state: "stopped" });
    };
    stops.set(service, stop());
  }
  const results = await Promise.allSettled(stops.values());
  const failed = results.find((result) => result.status === "rejected");
  if (failed !== undefined) throw failed.reason;
  for (const identity of processesOfStack(registered.id)) await killFamily(identity, registered.project);
  // A database has a thousand files.
  await rm(join(stacksFolder, registered.id), { recursive: true, force: true });
}

/** Latest started first, each with those that are stopped before it. */
function inStopOrder(started: readonly RegisteredProcess[]): { service: string; neededBy: string[] }[] {
  return started
    .map(({ service }, index) => {
      const later = started.slice(index + 1).filter(({ launch }) => launch.needs?.includes(service) ?? true);
      return { service, neededBy: later.map((each) => each.service) };
    })
    .reverse();
}
