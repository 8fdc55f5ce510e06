import type Dockerode from "dockerode";
import { systemClock } from "../../clock.ts";
import { makeProbe, type Probe } from "../../health/probe.ts";
import type { DockerLocation } from "../../journal/docker-location.ts";
import type { RegisteredStack } from "../../journal/stack-register.ts";
import type { LogFollower, StackBackend } from "../backend.ts";
import type { LogLine } from "../log-tail.ts";
import type { Service } from "../stack-file.ts";
import { unpublished } from "../unpublished.ts";
import { containerOf } from "./compose-labels.ts";
import { ContainerLogs, lastContainerLines } from "./container-logs.ts";
import { containerProbe } from "./container-probe.ts";
import { DockerDriver } from "./docker-driver.ts";
import { openEngine } from "./engine.ts";
import { isRemote } from "./engine-address.ts";
import { ProjectWatch } from "./project-watch.ts";
import { replaceContainer, restoreOriginal } from "./replacement.ts";

/** Services as containers of a compose project. */
export class DockerBackend implements StackBackend {
  readonly driver: DockerDriver;
  readonly engine: string;
  readonly #docker: Dockerode;
  readonly #registered: RegisteredStack & { docker: DockerLocation };
  readonly #watch: ProjectWatch;

  constructor(registered: RegisteredStack & { docker: DockerLocation }) {
    const { engine } = registered.docker;
    this.#registered = registered;
    this.#docker = openEngine(engine);
    this.engine = `${isRemote(engine) ? "REMOTE " : ""}${engine.host}`;
    this.driver = new DockerDriver(this.#docker, registered.project);
    this.#watch = new ProjectWatch(this.#docker, registered.project, systemClock.sleep);
  }

  /** The engine knows best: a port that it chose may be another one since the container's last start. */
  address(service: Service): string {
    const { port, name } = service;
    const published = port === undefined ? undefined : this.#watch.view(name)?.ports[port.containerPort];
    const hostPort = published ?? this.#registered.ports[name];
    if (hostPort === undefined) throw unpublished(name);
    return `${hostOf(service, this.#registered.docker)}:${hostPort}`;
  }

  probe(service: Service): Probe {
    const address = () => this.address(service);
    return containerProbe(service.name, this.#watch, address, (at) => makeProbe(service.probe, at));
  }

  followLogs(take: (line: LogLine) => void): LogFollower {
    return new ContainerLogs(this.#docker, this.#registered.project, this.#watch, take);
  }

  async lastLines(service: string, count: number): Promise<string[]> {
    const container = await containerOf(this.#docker, this.#registered.project, service);
    return container === undefined ? [] : lastContainerLines(this.#docker, container.Id, count);
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

  close(): Promise<void> {
    return this.#watch.close();
  }
}

/** A port published to all addresses is at the engine's own; one on its loopback needs a tunnel that ends on ours. */
function hostOf({ port }: Service, { engine }: DockerLocation): string {
  const isEverywhere = port === undefined || port.hostAddress === "0.0.0.0";
  return isRemote(engine) && isEverywhere ? new URL(engine.host).hostname : "127.0.0.1";
}
