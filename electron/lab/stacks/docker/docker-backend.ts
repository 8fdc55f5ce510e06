import type Dockerode from "dockerode";
import type { ServiceInstance } from "../../../contract/stack.ts";
import { systemClock } from "../../clock.ts";
import { makeProbe, type Probe } from "../../health/probe.ts";
import type { DockerLocation } from "../../journal/docker-location.ts";
import type { RegisteredStack } from "../../journal/stack-register.ts";
import { LabError } from "../../lab-error.ts";
import type { LogFollower, StackBackend } from "../backend.ts";
import type { LogLine } from "../log-tail.ts";
import type { Service } from "../stack-file.ts";
import { unpublished } from "../unpublished.ts";
import { containersOf } from "./compose-labels.ts";
import { instanceOf } from "./container-instance.ts";
import { ContainerLogs, lastContainerLines } from "./container-logs.ts";
import { containerProbe } from "./container-probe.ts";
import { DockerDriver } from "./docker-driver.ts";
import { openEngine } from "./engine.ts";
import { isRemote, reachesContainers } from "./engine-address.ts";
import { ProjectWatch } from "./project-watch.ts";
import { replaceContainer, restoreOriginal } from "./replacement.ts";

/** Services as containers of a compose project. */
export class DockerBackend implements StackBackend {
  readonly driver: DockerDriver;
  readonly engine: string;
  readonly #docker: Dockerode;
  readonly #registered: RegisteredStack & { docker: DockerLocation };
  readonly #watch: ProjectWatch;
  /** Of a container that is stopped or cut off: where the service was. */
  readonly #lastAddresses = new Map<string, string>();

  constructor(registered: RegisteredStack & { docker: DockerLocation }) {
    const { engine } = registered.docker;
    this.#registered = registered;
    this.#docker = openEngine(engine);
    this.engine = `${isRemote(engine) ? "REMOTE " : ""}${engine.host}`;
    this.driver = new DockerDriver(this.#docker, registered.project, registered.id);
    this.#watch = new ProjectWatch(this.#docker, registered.project, systemClock.sleep);
    this.#watch.onChange((service) => this.driver.sidecars.serviceChanged(service));
  }

  address(service: Service): string {
    const address = this.#address(service);
    if (address === undefined) throw new LabError("unreachable", `${service.name} has no address: it is not running`);
    return address;
  }

  /**
   * The engine knows best: a port that it chose may be another one since the container's last start. A service that
   * publishes none is reached at its container's own address, where that is an address of this machine. Undefined while the
   * engine has not said it.
   * @throws LabError for one that cannot be reached at all
   */
  #address(service: Service): string | undefined {
    const { port, name, insidePort } = service;
    const view = this.#watch.view(name);
    const published = port === undefined ? undefined : view?.ports[port.containerPort];
    const hostPort = published ?? this.#registered.ports[name];
    if (hostPort !== undefined) return `${hostOf(service, this.#registered.docker)}:${hostPort}`;
    if (insidePort === undefined || !reachesContainers(this.#registered.docker.engine)) throw unpublished(name);
    const address = view?.address ?? this.#lastAddresses.get(name);
    if (address === undefined) return undefined;
    this.#lastAddresses.set(name, address);
    return `${address}:${insidePort}`;
  }

  probe(service: Service): Probe {
    const { probe, name } = service;
    if ("container" in probe) return containerProbe(name, this.#watch, "container");
    return containerProbe(name, this.#watch, {
      address: () => this.#address(service),
      make: (at) => makeProbe(probe, at, service.headers),
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

  onChange(listener: (service: string) => void): () => void {
    return this.#watch.onChange(listener);
  }

  onNotice(listener: (message: string) => void): () => void {
    return this.#watch.onNotice(listener);
  }

  async close(): Promise<void> {
    await this.#watch.close();
    await this.driver.sidecars.close();
  }
}

/** A port published to all addresses is at the engine's own; one on its loopback needs a tunnel that ends on ours. */
function hostOf({ port }: Service, { engine }: DockerLocation): string {
  const isEverywhere = port === undefined || port.hostAddress === "0.0.0.0";
  return isRemote(engine) && isEverywhere ? new URL(engine.host).hostname : "127.0.0.1";
}
