import type { Duplex } from "node:stream";
import type Dockerode from "dockerode";
import type { ServiceInstance } from "../../../contract/stack.ts";
import { systemClock } from "../../clock.ts";
import { makeProbe, type Probe } from "../../health/probe.ts";
import type { DockerLocation } from "../../journal/docker-location.ts";
import type { RegisteredStack } from "../../journal/stack-register.ts";
import { LabError } from "../../lab-error.ts";
import type { Telemetry } from "../../telemetry/telemetry.ts";
import type { LogFollower, StackBackend } from "../backend.ts";
import type { LogLine } from "../log-tail.ts";
import type { Service } from "../stack-file.ts";
import { unknownPort } from "../unpublished.ts";
import { containersOf } from "./compose-labels.ts";
import { instanceOf } from "./container-instance.ts";
import { ContainerLogs, lastContainerLines } from "./container-logs.ts";
import { containerProbe } from "./container-probe.ts";
import { DockerDriver } from "./docker-driver.ts";
import { Door } from "./door/door.ts";
import type { DoorTarget } from "./door/door-session.ts";
import { openEngine } from "./engine.ts";
import { isRemote, reachesContainer } from "./engine-address.ts";
import { ProjectWatch } from "./project-watch.ts";
import { replaceContainer, restoreOriginal } from "./replacement.ts";
import { addressesFromProject } from "./telemetry-address.ts";

/** Services as containers of a compose project. */
export class DockerBackend implements StackBackend {
  readonly driver: DockerDriver;
  readonly engine: string;
  readonly #docker: Dockerode;
  readonly #registered: RegisteredStack & { docker: DockerLocation };
  readonly #watch: ProjectWatch;
  readonly #door: Door;
  /** Of a container that is stopped or cut off: where the service was. */
  readonly #lastAddresses = new Map<string, string>();
  readonly #services = new Map<string, Service>();

  constructor(registered: RegisteredStack & { docker: DockerLocation }) {
    const { engine } = registered.docker;
    this.#registered = registered;
    this.#docker = openEngine(engine);
    this.engine = `${isRemote(engine) ? "REMOTE " : ""}${engine.host}`;
    this.driver = new DockerDriver(this.#docker, registered.project, registered.id);
    this.#watch = new ProjectWatch(this.#docker, registered.project, systemClock.sleep);
    this.#door = new Door(this.#docker, registered.id);
    this.#watch.onChange((name) => {
      this.driver.sidecars.serviceChanged(name);
      const service = this.#services.get(name);
      // A failure is reported by its probe.
      if (service !== undefined) this.#reach(service).catch(() => {});
    });
  }

  address(service: Service): string {
    const found = this.#locate(service);
    if (found === undefined) throw new LabError("unreachable", `${service.name} has no address: it is not running`);
    if (typeof found === "string") return found;
    const forwarded = this.#door.forwarded(nameInDoor(service));
    if (forwarded === undefined)
      throw new LabError("unreachable", `${service.name} is not reached by the lab's door yet`);
    return forwarded;
  }

  /**
   * The engine knows best: a port that it chose may be another one since the container's last start. A service that
   * publishes none is reached at its container's own address: a text where this machine reaches that, and else what a door
   * forwards to. Undefined while the engine has not said it.
   * @throws LabError for one that cannot be reached at all
   */
  #locate(service: Service): string | DoorTarget | undefined {
    const { port, name, insidePort } = service;
    const view = this.#watch.view(name);
    const published = port === undefined ? undefined : view?.ports[port.containerPort];
    const hostPort = published ?? this.#registered.ports[name];
    if (hostPort !== undefined) return `${hostOf(service, this.#registered.docker)}:${hostPort}`;
    if (insidePort === undefined) throw unknownPort(name);
    const host = view?.address ?? this.#lastAddresses.get(name);
    if (host === undefined) return undefined;
    this.#lastAddresses.set(name, host);
    if (reachesContainer(this.#registered.docker.engine, host)) return `${host}:${insidePort}`;
    return { host, port: insidePort };
  }

  /** {@link #locate}, by a door where that takes one. @throws LabError with the reason when the engine starts none */
  async #reach(service: Service): Promise<string | undefined> {
    const found = this.#locate(service);
    if (found === undefined || typeof found === "string") return found;
    return this.#door.forward(nameInDoor(service), () => this.#target(service));
  }

  #target(service: Service): DoorTarget | undefined {
    const found = this.#locate(service);
    return typeof found === "string" ? undefined : found;
  }

  probe(service: Service): Probe {
    const { probe, name, headers } = service;
    if (!this.#services.has(name) && service.insidePort !== undefined) this.#services.set(name, service);
    if ("container" in probe) return containerProbe(name, this.#watch, "container");
    const dial = async (): Promise<Duplex> => {
      const target = this.#target(service);
      if (target === undefined) throw new LabError("unreachable", `${name} has no address: it is not running`);
      return this.#door.dial(target);
    };
    return containerProbe(name, this.#watch, {
      address: () => this.#reach(service),
      make: (at) => makeProbe(probe, at, headers, at === this.#door.forwarded(nameInDoor(service)) ? dial : undefined),
    });
  }

  followLogs(take: (line: LogLine) => void, maxLineChars?: number): LogFollower {
    return new ContainerLogs(this.#docker, this.#registered.project, this.#watch, take, maxLineChars);
  }

  async lastLines(service: string, count: number): Promise<string[]> {
    const containers = await containersOf(this.#docker, this.#registered.project, service);
    const lines = await Promise.all(containers.map(({ Id }) => lastContainerLines(this.#docker, Id, count)));
    return lines.flat();
  }

  async instances(service: string): Promise<ServiceInstance[]> {
    const containers = await containersOf(this.#docker, this.#registered.project, service);
    return Promise.all(containers.map(({ Id: id }) => instanceOf(this.#docker, id)));
  }

  async setVariable(service: string, name: string, value: string | undefined): Promise<void> {
    const { project } = this.#registered;
    if (value === undefined) await restoreOriginal(this.#docker, project, service);
    else await replaceContainer(this.#docker, project, service, { name, value });
  }

  receive(telemetry: Telemetry): Promise<string[]> {
    const { docker, project } = this.#registered;
    return addressesFromProject(this.#docker, docker.engine, project, telemetry, this.#door);
  }

  onChange(listener: (service: string) => void): () => void {
    return this.#watch.onChange(listener);
  }

  isGone(): boolean {
    return this.#watch.isEmpty();
  }

  onNotice(listener: (message: string) => void): () => void {
    return this.#watch.onNotice(listener);
  }

  async close(): Promise<void> {
    await this.#watch.close();
    await this.#door.close();
    await this.driver.sidecars.close();
  }
}

/** One that is tried at another port is another. */
function nameInDoor({ name, insidePort }: Service): string {
  return `${name}:${insidePort}`;
}

/** A port published to all addresses is at the engine's own; one on its loopback needs a tunnel that ends on ours. */
function hostOf({ port }: Service, { engine }: DockerLocation): string {
  const isEverywhere = port === undefined || port.hostAddress === "0.0.0.0";
  return isRemote(engine) && isEverywhere ? new URL(engine.host).hostname : "127.0.0.1";
}
