import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { withDeadline } from "../clock.ts";
import { HealthMonitor } from "../health/monitor.ts";
import { makeProbe } from "../health/probe.ts";
import type { RegisteredStack, StackRegister } from "../journal/stack-register.ts";
import { LabError } from "../lab-error.ts";
import type { StackDriver } from "./driver.ts";
import { addressOf, makeLaunch } from "./launch.ts";
import { lastLines } from "./log-tail.ts";
import { choosePorts, type PortChoice } from "./ports.ts";
import { killFamily, ProcessDriver, processesOfStack } from "./process-driver.ts";
import { type Service, type Stack, serviceNamed, serviceWithRole } from "./stack-file.ts";

/** A service that is not well after this long will not be: the slowest, a first initdb, takes a few seconds. */
export const READY_LIMIT_MS = 30_000;
const LAST_LINES = 8;
const LOOK_EVERY_MS = 100;

export interface StackProgress {
  service: string;
  state: "starting" | "healthy" | "stopping" | "stopped";
}

export interface UpOptions {
  register: StackRegister;
  stacksFolder: string;
  ports: PortChoice;
  /** It stays up when the lab ends. */
  kept: boolean;
  environment: NodeJS.ProcessEnv;
  signal: AbortSignal;
  report?: (progress: StackProgress) => void;
}

/** A stack that is up: what the lab breaks, and where to reach it. */
export class RunningStack {
  readonly stack: Stack;
  readonly driver: StackDriver;
  readonly health: HealthMonitor;
  readonly registered: RegisteredStack;
  readonly #register: StackRegister;
  readonly #stacksFolder: string;

  private constructor(stack: Stack, registered: RegisteredStack, register: StackRegister, stacksFolder: string) {
    this.stack = stack;
    this.registered = registered;
    this.#register = register;
    this.#stacksFolder = stacksFolder;
    this.driver = new ProcessDriver(registered.id, register);
    this.health = new HealthMonitor(
      new Map(stack.services.map((service) => [service.name, makeProbe(service.probe, this.address(service.name))])),
    );
  }

  /**
   * Starts every service in dependency order and waits for the health of each. When one does not get well all are
   * taken down again, and the error names it with its last lines.
   */
  static async up(stack: Stack, options: UpOptions): Promise<RunningStack> {
    const { register, stacksFolder, kept, environment, signal } = options;
    const ports = await choosePorts(stack, options.ports);
    const registered: RegisteredStack = {
      id: `${stack.project}-${randomUUID().slice(0, 8)}`,
      project: stack.project,
      file: stack.file,
      kept,
      ports,
      without: [],
    };
    register.add(registered);
    const place = { folder: join(stacksFolder, registered.id), ports, environment };
    let running: RunningStack | undefined;
    try {
      for (const service of stack.services) {
        register.setProcess(registered.id, service.name, makeLaunch(stack, service, place), undefined);
      }
      running = new RunningStack(stack, registered, register, stacksFolder);
      await running.#startAll(signal, options.report);
      return running;
    } catch (error) {
      await running?.health.close();
      await takeDown(registered, register, stacksFolder);
      throw error;
    }
  }

  /** A stack that an earlier lab has left up on purpose. */
  static attach(
    stack: Stack,
    registered: RegisteredStack,
    register: StackRegister,
    stacksFolder: string,
  ): RunningStack {
    return new RunningStack(stack, registered, register, stacksFolder);
  }

  address(service: string): string {
    return addressOf(serviceNamed(this.stack, service), this.registered.ports);
  }

  /** `http://host:port/path` of the service with a role, at the endpoint its x-lab names. */
  endpoint(role: Service["role"], wantedBy: string): string {
    const service = serviceWithRole(this.stack, role, wantedBy);
    const address = this.address(service.name);
    const endpoint = service.endpoint ?? "";
    return endpoint.includes("{address}") ? endpoint.replace("{address}", address) : `http://${address}${endpoint}`;
  }

  logFiles(): { service: string; stdout: string; stderr: string }[] {
    return this.#register
      .processes(this.registered.id)
      .map(({ service, launch }) => ({ service, stdout: launch.logFile.stdout, stderr: launch.logFile.stderr }));
  }

  /** Starts a stopped service and waits until it is up. */
  async startAndWait(name: string, signal: AbortSignal): Promise<void> {
    await this.#startAndWait(serviceNamed(this.stack, name), signal);
  }

  /**
   * Switches protections off, or on again with an empty list, by restarting the services that have them.
   * @throws LabError naming the protections that the stack knows, when one is unknown
   */
  async setProtectionsOff(without: readonly string[], signal: AbortSignal): Promise<void> {
    this.assertProtections(without);
    if (without.join() === this.registered.without.join()) return;
    for (const service of this.stack.services) {
      const { protections } = service;
      if (protections === undefined) continue;
      const process = this.#register.processes(this.registered.id).find((each) => each.service === service.name);
      if (process === undefined) continue;
      const off = without.filter((name) => protections.names.includes(name)).join(",");
      const environment = { ...process.launch.environment, [protections.environment]: off };
      await this.driver.stop(service.name);
      this.#register.setProcess(this.registered.id, service.name, { ...process.launch, environment }, undefined);
      await this.#startAndWait(service, signal);
    }
    this.registered.without = [...without];
    this.#register.setWithout(this.registered.id, without);
  }

  assertProtections(without: readonly string[]): void {
    const known = this.stack.services.flatMap(({ protections }) => protections?.names ?? []);
    const unknown = without.filter((name) => !known.includes(name));
    if (unknown.length === 0) return;
    throw new LabError("bad-input", `no service of this stack has a protection called ${unknown.join(", ")}`, {
      cure: known.length > 0 ? `the stack knows: ${known.join(", ")}` : "the stack file names none (x-lab.protections)",
    });
  }

  async close(): Promise<void> {
    await this.health.close();
  }

  async down(report?: (progress: StackProgress) => void): Promise<void> {
    await this.health.close();
    await takeDown(this.registered, this.#register, this.#stacksFolder, report);
  }

  /** All at once, but each after what it depends on; the first that fails stops the rest. */
  async #startAll(signal: AbortSignal, report?: (progress: StackProgress) => void): Promise<void> {
    const failed = new AbortController();
    const either = AbortSignal.any([signal, failed.signal]);
    const started = new Map<string, Promise<void>>();
    for (const service of this.stack.services) {
      const wanted = Object.keys(service.dependsOn).map((name) => started.get(name));
      const start = Promise.all(wanted).then(() => this.#startAndWait(service, either, report));
      start.catch((error: unknown) => failed.abort(error));
      started.set(service.name, start);
    }
    await Promise.allSettled(started.values());
    if (failed.signal.aborted) throw failed.signal.reason;
  }

  async #startAndWait(
    service: Service,
    signal: AbortSignal,
    report?: (progress: StackProgress) => void,
  ): Promise<void> {
    signal.throwIfAborted();
    report?.({ service: service.name, state: "starting" });
    await this.driver.start(service.name);
    const well = withDeadline(signal, READY_LIMIT_MS);
    const ended = new AbortController();
    const timer = setInterval(() => void this.#abortWhenGone(service, ended), LOOK_EVERY_MS);
    try {
      await this.health.waitFor(service.name, "up", AbortSignal.any([well, ended.signal]));
    } catch (error) {
      if (signal.aborted) throw error;
      throw this.#unhealthy(service, ended.signal.aborted);
    } finally {
      clearInterval(timer);
    }
    report?.({ service: service.name, state: "healthy" });
  }

  async #abortWhenGone(service: Service, ended: AbortController): Promise<void> {
    if ((await this.driver.stateOf(service.name)).is === "stopped") ended.abort();
  }

  #unhealthy(service: Service, hasEnded: boolean): LabError {
    const files = this.logFiles().find((each) => each.service === service.name);
    const lines = files ? lastLines(files, LAST_LINES) : [];
    const what = hasEnded
      ? "ended while it was starting"
      : `did not become healthy within ${READY_LIMIT_MS / 1000} s (${this.health.health(service.name).reason})`;
    const tail = lines.length > 0 ? `; its last lines:\n${lines.map((line) => `    ${line}`).join("\n")}` : "";
    return new LabError("unhealthy", `${service.name} ${what}${tail}`);
  }
}

/** Ends every process of a stack, in reverse order of their start, known or found by its mark, and removes its data. Safe to repeat. */
export async function takeDown(
  registered: RegisteredStack,
  register: StackRegister,
  stacksFolder: string,
  report?: (progress: StackProgress) => void,
): Promise<void> {
  const driver = new ProcessDriver(registered.id, register);
  for (const { service } of register.processes(registered.id).reverse()) {
    report?.({ service, state: "stopping" });
    await driver.stop(service);
    report?.({ service, state: "stopped" });
  }
  for (const identity of processesOfStack(registered.id)) await killFamily(identity, registered.project);
  rmSync(join(stacksFolder, registered.id), { recursive: true, force: true });
  register.remove(registered.id);
}
