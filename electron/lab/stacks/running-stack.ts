import { randomUUID } from "node:crypto";
import type { ServiceInstance } from "../../contract/stack.ts";
import { systemClock } from "../clock.ts";
import type { McpEndpoint } from "../health/mcp-endpoint.ts";
import { HealthMonitor } from "../health/monitor.ts";
import type { ProbeResult } from "../health/probe.ts";
import type { RegisteredStack, StackRegister } from "../journal/stack-register.ts";
import { LabError } from "../lab-error.ts";
import { pauseFor } from "../pause-for.ts";
import { YamlValues } from "../redaction/redact-yaml.ts";
import { retryPauseMs } from "../retry-pause.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import type { LogFollower, StackBackend, StackProgress } from "./backend.ts";
import type { Engine } from "./docker/engine.ts";
import type { StackDriver } from "./driver.ts";
import { writeLaunches } from "./launch.ts";
import type { LogLine } from "./log-tail.ts";
import { choosePorts, type PortChoice, releasePorts } from "./ports.ts";
import { ProcessBackend } from "./process-backend.ts";
import { assertProtections } from "./protections.ts";
import { keepDescription } from "./reload-stack.ts";
import { ServiceStart } from "./service-start.ts";
import { entranceOf, type Service, type Stack, serviceNamed, serviceWithRole } from "./stack-file.ts";
import { isOnDocker, takeDown, takenDownAfter } from "./take-down.ts";
import { unpublished } from "./unpublished.ts";

const TRIAL_LIMIT_MS = 5_000;

export interface UpOptions {
  register: StackRegister;
  stacksFolder: string;
  ports: PortChoice;
  /** It stays up when the lab ends. */
  kept: boolean;
  /** No file says what it is: the lab keeps it. */
  isDescribedHere?: boolean;
  /** Where to run it; absent for processes on this machine. */
  engine?: Engine;
  environment: NodeJS.ProcessEnv;
  signal: AbortSignal;
  report?: (progress: StackProgress) => void;
  /** Where services send their spans and logs, if they can. */
  telemetry?: Telemetry | undefined;
}

/** A stack that is up: what the lab breaks, and where to reach it. */
export class RunningStack {
  readonly stack: Stack;
  readonly driver: StackDriver;
  readonly health: HealthMonitor;
  readonly registered: RegisteredStack;
  readonly #register: StackRegister;
  readonly #stacksFolder: string;
  readonly #backend: StackBackend;
  readonly #start: ServiceStart;
  readonly #atEnd: (() => void)[] = [];
  #source: YamlValues | undefined;

  private constructor(
    stack: Stack,
    registered: RegisteredStack,
    register: StackRegister,
    stacksFolder: string,
    backend: StackBackend,
  ) {
    this.stack = stack;
    this.registered = registered;
    this.#register = register;
    this.#stacksFolder = stacksFolder;
    this.#backend = backend;
    this.driver = this.#backend.driver;
    this.health = new HealthMonitor(
      new Map(stack.services.map((service) => [service.name, this.#backend.probe(service)])),
    );
    this.#start = new ServiceStart(stack, backend, this.health);
    this.#backend.onChange((service) => this.health.nudge(service));
  }

  /**
   * Starts every service in dependency order and waits for the health of each. When one does not become healthy all are
   * taken down again, and the error names it with its last lines. One that could never be seen to be well, since it
   * publishes no port, is refused before anything is started.
   */
  static async up(stack: Stack, options: UpOptions): Promise<RunningStack> {
    const { register, stacksFolder, kept, engine, signal, report } = options;
    for (const { name, port, probe } of stack.services) {
      if (port === undefined && !("container" in probe)) throw unpublished(name);
    }
    const registered: RegisteredStack = {
      id: `${stack.project.replaceAll(/[^\w.-]/g, "-")}-${randomUUID().slice(0, 8)}`,
      project: stack.project,
      file: stack.file,
      // Until all of it is up it is nobody's to keep: a lab that dies now leaves a half.
      kept: false,
      attached: false,
      docker: engine && { engine: engine.address, networks: [], volumes: [] },
      ports: await choosePorts(stack, options.ports),
      without: [],
    };
    try {
      if (options.isDescribedHere) registered.file = keepDescription(registered.id, stack, stacksFolder);
      register.add(registered);
    } catch (error) {
      // Nothing has been started on them.
      releasePorts(registered.ports);
      throw error;
    }
    let running: RunningStack | undefined;
    try {
      if (engine !== undefined && isOnDocker(registered)) {
        const { bringUp } = await import("./docker/bring-up.ts");
        const { telemetry } = options;
        await bringUp({ docker: engine.docker, stack, registered, register, signal, report, telemetry });
      } else {
        writeLaunches(stack, registered, options);
      }
      running = await RunningStack.attach(stack, registered, register, stacksFolder);
      await running.#start.startAll(signal, report);
      registered.kept = kept;
      if (kept) register.keep(registered.id);
      return running;
    } catch (error) {
      await running?.close();
      throw await takenDownAfter(error, registered, register, stacksFolder);
    }
  }

  /** A stack that is up and that the register knows: left up by an earlier lab on purpose, or attached to. */
  static async attach(
    stack: Stack,
    registered: RegisteredStack,
    register: StackRegister,
    stacksFolder: string,
  ): Promise<RunningStack> {
    return new RunningStack(stack, registered, register, stacksFolder, await backendOf(registered, register));
  }

  /** Its file, as each run on it keeps it. */
  get source(): YamlValues {
    this.#source ??= new YamlValues(this.stack.source);
    return this.#source;
  }

  /** Where the containers run, for a person; undefined for processes. */
  get engine(): string | undefined {
    return this.#backend.engine;
  }

  /** host:port where the lab reaches a service. @throws LabError when it cannot be reached from here */
  address(service: string): string {
    return this.#backend.address(serviceNamed(this.stack, service));
  }

  /** For a person: where a service is reached; undefined for one that the lab only probes by its container. */
  shownAddress(service: string): string | undefined {
    const { runsAt } = serviceNamed(this.stack, service);
    if (runsAt !== undefined) return runsAt;
    try {
      return this.address(service);
    } catch {
      return undefined;
    }
  }

  /** `http://host:port/path` of the service with a role, at the endpoint its x-lab names. */
  endpoint(role: Service["role"], wantedBy: string): string {
    const service = serviceWithRole(this.stack, role, wantedBy);
    const address = this.address(service.name);
    const endpoint = service.endpoint ?? "";
    return endpoint.includes("{address}") ? endpoint.replace("{address}", address) : `http://${address}${endpoint}`;
  }

  /** Where agents reach their tools. @throws LabError when the stack has no gateway, saying what would need one */
  gateway(wantedBy: string): McpEndpoint {
    return this.mcpEndpoint(serviceWithRole(this.stack, "gateway", wantedBy).name);
  }

  /** Where a service speaks MCP: at `/mcp`, unless its x-lab names another endpoint; behind its link, where callers use that. */
  mcpEndpoint(service: string): McpEndpoint {
    const { name, endpoint = "/mcp", headers } = serviceNamed(this.stack, service);
    const entrance = entranceOf(this.stack, name);
    const address = entrance && this.linkAddress(entrance.name);
    return { url: address ?? `http://${this.address(name)}${endpoint}`, headers };
  }

  /** The URL on this machine that leads over a link to what runs elsewhere; undefined for a link between services. */
  linkAddress(link: string): string | undefined {
    const { services, links } = this.stack;
    const found = links.find(({ name }) => name === link);
    const port = this.registered.ports[link];
    if (found === undefined || port === undefined || entranceOf({ services, links }, found.to) !== found)
      return undefined;
    return `http://127.0.0.1:${port}${serviceNamed(this.stack, found.to).endpoint ?? ""}`;
  }

  /**
   * Probes a service as it would be with other values: until it is not down, or for some seconds, since a first handshake
   * may take longer than a later one.
   */
  async tryProbe(
    name: string,
    { probe, headers }: Pick<Service, "probe" | "headers">,
    insidePort: number | undefined,
  ): Promise<ProbeResult> {
    const service = serviceNamed(this.stack, name);
    const isPublished = service.port?.containerPort === insidePort;
    const port = isPublished ? service.port : undefined;
    const tried = this.#backend.probe({ ...service, probe, headers, insidePort, port });
    const limit = AbortSignal.timeout(TRIAL_LIMIT_MS);
    const startedMs = systemClock.monotonicMs();
    try {
      for (;;) {
        const result = await tried.check(limit);
        if (result.status !== "down" || limit.aborted) return result;
        await pauseFor(retryPauseMs(systemClock.monotonicMs() - startedMs), limit);
      }
    } finally {
      await tried.close();
    }
  }

  /** Follows what the services print from now on. @param maxLineChars a longer line is cut */
  followLogs(take: (line: LogLine) => void, maxLineChars?: number): LogFollower {
    return this.#backend.followLogs(take, maxLineChars);
  }

  /** See {@link StackBackend.receive}. */
  receive(telemetry: Telemetry): Promise<string[]> {
    return this.#backend.receive(telemetry);
  }

  /** The last lines that a service has printed. */
  async lastLines(service: string, count: number): Promise<string[]> {
    return this.#backend.lastLines(serviceNamed(this.stack, service).name, count);
  }

  /** The processes or containers of a service, with what they use now. */
  async instances(service: string): Promise<ServiceInstance[]> {
    return this.#backend.instances(serviceNamed(this.stack, service).name);
  }

  /** Called with each service whose state has changed, as far as the driver is notified: of processes, that they have ended. */
  onChange(listener: (service: string) => void): () => void {
    return this.#backend.onChange(listener);
  }

  /** Whether it is known that nothing of it exists any more: someone has removed its containers. */
  get isGone(): boolean {
    return this.#backend.isGone();
  }

  /** Called with what happens where services run, such as an engine that goes away. */
  onNotice(listener: (message: string) => void): () => void {
    return this.#backend.onNotice(listener);
  }

  /** Starts a stopped service and waits until it is up. */
  async startAndWait(name: string, signal: AbortSignal): Promise<void> {
    await this.#start.startAndWait(serviceNamed(this.stack, name), signal);
  }

  /**
   * Switches protections off, or on again with an empty list, by restarting the services that have them. What a switch
   * that failed or was cancelled has left is not known, so the next one is carried out whatever it asks for.
   * @throws LabError naming the protections that the stack knows, when one is unknown
   */
  async setProtectionsOff(without: readonly string[], signal: AbortSignal): Promise<void> {
    assertProtections(this.stack, without);
    const { registered } = this;
    if (without.join() === registered.without?.join()) return;
    // A lab that finds this row switches everything on again.
    registered.without = undefined;
    this.#register.setWithout(registered.id, undefined);
    for (const service of this.stack.services) {
      const { protections } = service;
      if (protections === undefined) continue;
      const off = without.filter((name) => protections.names.includes(name)).join(",");
      await this.#backend.setVariable(service.name, protections.environment, off === "" ? undefined : off);
      await this.#start.startAndWait(service, signal);
    }
    registered.without = [...without];
    this.#register.setWithout(registered.id, without);
  }

  /** @throws LabError while it is not known, since a run that begins now could not say what it ran on */
  protectionsOff(): string[] {
    const { without } = this.registered;
    if (without !== undefined) return [...without];
    throw new LabError(
      "precondition",
      "it is not known which protections are on: switching them did not come to its end",
      {
        hint: "bring the stack down and up again",
      },
    );
  }

  /** Done once this stack is let go, whether it stays up or not. */
  atEnd(work: () => void): void {
    this.#atEnd.push(work);
  }

  /** Lets go of the stack. One that was only attached to is forgotten: nothing of it is the lab's. */
  async close(): Promise<void> {
    await this.health.close();
    await this.#backend.close();
    for (const work of this.#atEnd.splice(0)) work();
  }

  async down(report?: (progress: StackProgress) => void): Promise<void> {
    await this.health.close();
    await this.#backend.close();
    try {
      await takeDown(this.registered, this.#register, this.#stacksFolder, { report, waitsForEngine: true });
    } finally {
      for (const work of this.#atEnd.splice(0)) work();
    }
  }
}

/** The engine's client takes as long to load as all the rest of the lab, and processes do without it. */
async function backendOf(registered: RegisteredStack, register: StackRegister): Promise<StackBackend> {
  if (!isOnDocker(registered)) return new ProcessBackend(registered, register);
  const { DockerBackend } = await import("./docker/docker-backend.ts");
  return new DockerBackend(registered);
}
