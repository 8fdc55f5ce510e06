import type Dockerode from "dockerode";
import type { LifecycleFault } from "../../../model/lifecycle-fault.ts";
import { LabError } from "../../lab-error.ts";
import type { Stack } from "../stack-file.ts";
import type { Sharer } from "../surroundings.ts";
import { byNumber, inspectAll, LABEL } from "./compose-labels.ts";
import { containerName, viewOf } from "./container-view.ts";
import { nameOf, possibleSharers, sharersAmong } from "./shared-namespaces.ts";

/**
 * For a fault on a service of a project that is up: the services that share its namespaces, and go down with it, and the
 * names of its containers.
 */
export async function aroundServices(
  docker: Dockerode,
  project: string,
): Promise<{
  sharersOf: (service: string, kind: LifecycleFault) => Sharer[];
  containersOf: (service: string) => string[];
}> {
  const containers = await possibleSharers(docker, project);
  const isOf = (service: string) => (each: Dockerode.ContainerInspectInfo) =>
    each.Config.Labels[LABEL.project] === project && each.Config.Labels[LABEL.service] === service;
  return {
    sharersOf(service, kind) {
      const sharers = containers.filter(isOf(service)).flatMap((owner) => sharersAmong(containers, owner, kind));
      return sharers.map(({ container, shares }) => ({ service: nameOf(container), shares }));
    },
    containersOf: (service) =>
      containers
        .filter(isOf(service))
        .sort(byNumber)
        .map(({ Name }) => containerName(Name)),
  };
}

/**
 * The host port of each service of a project that is up, or undefined when no container of it exists.
 * @param acceptsStopped services that do not run are damage that is accepted, and not an error
 * @throws LabError when a part of it is missing or does not run: the lab does not complete a project of someone else
 */
export async function portsOfProject(
  docker: Dockerode,
  stack: Stack,
  { acceptsStopped }: { acceptsStopped: boolean },
): Promise<Record<string, number> | undefined> {
  const containers = await inspectAll(docker, stack.project);
  if (containers.length === 0) return undefined;
  const byService = Map.groupBy(containers, (each) => each.Config.Labels[LABEL.service] ?? "");
  const ports: Record<string, number> = {};
  const wrong: string[] = [];
  for (const { name, port } of stack.services) {
    const replicas = byService.get(name) ?? [];
    if (replicas.length === 0) wrong.push(`${name} has no container`);
    for (const each of replicas) {
      const { state } = viewOf(each);
      const what =
        replicas.length === 1 ? name : `${containerName(each.Name)}, one of ${replicas.length} containers of ${name},`;
      if (state !== "running" && !acceptsStopped) wrong.push(`${what} is ${state}`);
    }
    const [container] = replicas;
    if (container === undefined || port === undefined) continue;
    const published = viewOf(container).ports[port.containerPort] ?? boundPort(container, port.containerPort);
    if (published !== undefined) ports[name] = published;
  }
  if (wrong.length === 0) return ports;
  throw new LabError("precondition", `project ${stack.project} is only half up: ${wrong.join(", ")}`, {
    hint: {
      terminal: `bring all of it up (docker compose -p ${stack.project} up -d), or run on it as it is (run --accept-existing)`,
      window: `bring all of it up (docker compose -p ${stack.project} up -d), then open it again`,
    },
  });
}

/** The host port that a container will have when it is started; undefined when the engine chooses one. */
function boundPort({ HostConfig }: Dockerode.ContainerInspectInfo, containerPort: number): number | undefined {
  const bindings = HostConfig.PortBindings as Record<string, { HostPort?: string }[] | null> | null;
  const hostPort = Number(bindings?.[`${containerPort}/tcp`]?.[0]?.HostPort);
  return hostPort > 0 ? hostPort : undefined;
}
