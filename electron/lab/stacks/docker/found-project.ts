import type Dockerode from "dockerode";
import type { LifecycleFault } from "../../../model/lifecycle-fault.ts";
import { LabError } from "../../lab-error.ts";
import type { Stack } from "../stack-file.ts";
import type { Sharer } from "../surroundings.ts";
import { byNumber, containersOf, LABEL } from "./compose-labels.ts";
import { containerName } from "./container-view.ts";
import { ask } from "./engine-error.ts";
import { nameOf, networkOwnerAmong, possibleSharers, sharersAmong } from "./shared-namespaces.ts";

/**
 * For a fault on a service of a project that is up: the services that share its namespaces, and go down with it, and the
 * names of its containers.
 */
export async function aroundServices(
  docker: Dockerode,
  project: string,
): Promise<{
  sharersOf: (service: string, kind: LifecycleFault) => Sharer[];
  networkOwnerOf: (service: string) => string | undefined;
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
    networkOwnerOf(service) {
      const own = containers.find(isOf(service));
      const owner = own && networkOwnerAmong(containers, own);
      return owner === own ? undefined : owner && nameOf(owner);
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
  const containers = await containersOf(docker, stack.project);
  if (containers.length === 0) return undefined;
  const byService = Map.groupBy(containers, ({ Labels }) => Labels[LABEL.service] ?? "");
  const ports: Record<string, number> = {};
  const wrong: string[] = [];
  for (const { name, port } of stack.services) {
    const replicas = byService.get(name) ?? [];
    if (replicas.length === 0) wrong.push(`${name} has no container`);
    for (const { State, Names } of replicas) {
      const what =
        replicas.length === 1 ? name : `${containerName(Names[0])}, one of ${replicas.length} containers of ${name},`;
      if (State !== "running" && !acceptsStopped) wrong.push(`${what} is ${State}`);
    }
    const [container] = replicas;
    if (container === undefined || port === undefined) continue;
    const published =
      publishedPort(container, port.containerPort) ?? (await boundPort(docker, container, port.containerPort));
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

/** Of a container that runs. On IPv4, where it has another one on IPv6. */
function publishedPort({ Ports }: Dockerode.ContainerInfo, containerPort: number): number | undefined {
  const published = Ports.filter(
    ({ PrivatePort, Type, PublicPort }) => PrivatePort === containerPort && Type === "tcp" && PublicPort,
  );
  return (published.find(({ IP }) => !IP.includes(":")) ?? published[0])?.PublicPort;
}

/** The host port that a container will have when it is started or connected; undefined when the engine chooses one. */
async function boundPort(
  docker: Dockerode,
  { Id }: Dockerode.ContainerInfo,
  containerPort: number,
): Promise<number | undefined> {
  const found = await ask("looking at a container", () => docker.getContainer(Id).inspect(), [{ status: 404 }]);
  const bindings = (found?.HostConfig.PortBindings ?? {}) as Record<string, { HostPort?: string }[] | null>;
  const hostPort = Number(bindings[`${containerPort}/tcp`]?.[0]?.HostPort);
  return hostPort > 0 ? hostPort : undefined;
}
