import { isDeepStrictEqual } from "node:util";
import type Dockerode from "dockerode";
import type { ProbeResult } from "../../health/probe.ts";
import type { EngineEvent } from "./event-shape.ts";

/** A container as the engine last reported it. */
export interface ContainerView {
  id: string;
  /** The engine's word: created, running, paused, restarting, removing, exited or dead. */
  state: string;
  health: "healthy" | "unhealthy" | "starting" | undefined;
  exitCode: number | undefined;
  /** Cut off from every network. */
  isIsolated: boolean;
  /** Port inside to port on the host. */
  ports: Readonly<Record<number, number>>;
  /** Its address in one of its networks; undefined while it has none, and where it is in another's. */
  address: string | undefined;
  /** Of a service with several containers: which of the others do not run. */
  stoppedReplicas?: readonly string[];
}

/** A service with several containers is seen through the first that runs. */
export function viewOfReplicas(found: readonly Dockerode.ContainerInspectInfo[]): ContainerView | undefined {
  const views = found.map((each) => ({ name: containerName(each.Name), view: viewOf(each) }));
  const shown = views.find(({ view }) => view.state === "running") ?? views[0];
  const stopped = views.filter((each) => each !== shown && each.view.state !== "running");
  if (shown === undefined || stopped.length === 0) return shown?.view;
  return { ...shown.view, stoppedReplicas: stopped.map(({ name, view }) => `${name} is ${view.state}`) };
}

/** The engine writes a container's name with a slash before it. */
export function containerName(name = ""): string {
  return name.replace(/^\//, "");
}

/**
 * As the engine shows it on inspection, and not as it lists it: the list may be a moment older than the event that one
 * has just been reported.
 */
export function viewOf(found: Dockerode.ContainerInspectInfo): ContainerView {
  const { Id: id, State, NetworkSettings } = found;
  const health = State.Health?.Status;
  const hasEnded = State.Status === "exited" || State.Status === "dead";
  return {
    id,
    state: State.Status,
    health: health === "healthy" || health === "unhealthy" || health === "starting" ? health : undefined,
    exitCode: hasEnded ? State.ExitCode : undefined,
    isIsolated: isIsolated(found),
    ports: Object.fromEntries(
      Object.entries(NetworkSettings.Ports ?? {}).flatMap(([inside, published]) => {
        const hostPort = Number(published?.[0]?.HostPort);
        return hostPort > 0 ? [[Number.parseInt(inside, 10), hostPort]] : [];
      }),
    ),
    address: addressesOf(found)[0],
  };
}

/** The address of a container in each of its networks that gave it one. */
export function addressesOf({ NetworkSettings }: Dockerode.ContainerInspectInfo): string[] {
  const addresses = Object.values(NetworkSettings.Networks).map(({ IPAddress }) => IPAddress);
  return addresses.filter((address) => address !== undefined && address !== "");
}

/** A container with networks of its own that is on none. */
export function isIsolated({ HostConfig, NetworkSettings }: Dockerode.ContainerInspectInfo): boolean {
  return hasOwnNetworks(HostConfig) && Object.keys(NetworkSettings.Networks).length === 0;
}

export function hasOwnNetworks({ NetworkMode = "" }: Dockerode.HostConfig): boolean {
  return !/^(?:host|none|container:.*)$/.test(NetworkMode);
}

/** What an event says at once. The rest, such as ports, comes with the look that follows it. */
export function afterEvent(view: ContainerView, { action, health, exitCode }: EngineEvent): ContainerView {
  switch (action) {
    case "die":
      return { ...view, state: "exited", exitCode, health: undefined };
    case "start":
    case "unpause":
      return { ...view, state: "running" };
    case "pause":
      return { ...view, state: "paused" };
    case "health_status":
      return { ...view, health: health === "healthy" || health === "unhealthy" ? health : view.health };
    default:
      return view;
  }
}

export function sameView(a: ContainerView | undefined, b: ContainerView | undefined): boolean {
  return isDeepStrictEqual(a, b);
}

/** What a running container says of the service's health, for a service that is not probed in another way. */
export function verdictOfHealthCheck({ health }: ContainerView): Omit<ProbeResult, "latencyMs"> {
  if (health === "healthy") return { status: "up", reason: "its container's health check passes" };
  if (health === "unhealthy") return { status: "degraded", reason: "its container's health check fails" };
  if (health === "starting") return { status: "degraded", reason: "its container's health check has not passed yet" };
  return { status: "up", reason: "its container runs" };
}

/** What the container's state alone says of the service's health; undefined when its probe has to be asked. */
export function verdictOf(view: ContainerView | undefined): Omit<ProbeResult, "latencyMs"> | undefined {
  if (view === undefined) return { status: "down", reason: "it has no container" };
  if (view.state === "exited" || view.state === "dead") {
    const code = view.exitCode === undefined ? "" : ` with code ${view.exitCode}`;
    return { status: "down", reason: `the container exited${code}` };
  }
  if (view.state !== "running") return { status: "down", reason: `the container is ${view.state}` };
  return view.isIsolated ? { status: "down", reason: "the container is cut off from every network" } : undefined;
}
