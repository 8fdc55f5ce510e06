import { resolve } from "node:path";
import type Dockerode from "dockerode";
import type { LifecycleFault } from "../../../model/lifecycle-fault.ts";
import { LabError } from "../../lab-error.ts";
import { loadStack, type Stack } from "../stack-file.ts";
import type { Sharer } from "../surroundings.ts";
import { containersOf, inspectAll, LABEL } from "./compose-labels.ts";
import { viewOf } from "./container-view.ts";
import { ask } from "./engine-error.ts";
import { nameOf, possibleSharers, sharersAmong } from "./shared-namespaces.ts";

/**
 * The stack of a project that is up, by its name alone: from the file that is given, else from the one that compose
 * wrote on the containers.
 * @throws LabError when there is no such project, or no file to read x-lab from
 */
export async function stackOfProject(
  docker: Dockerode,
  project: string,
  file: string | undefined,
  environment: NodeJS.ProcessEnv,
): Promise<Stack> {
  const [first] = await containersOf(docker, project);
  if (first === undefined) throw await noSuchProject(docker, project);
  if (file !== undefined) return { ...loadStack(file, environment, "attached"), project };
  const folder = first.Labels[LABEL.workingFolder] ?? "";
  const files = (first.Labels[LABEL.configFiles] ?? "").split(",").filter(Boolean);
  for (const each of files) {
    const stack = loadStack(resolve(folder, each), environment, "attached");
    if (stack.services.length > 0) return { ...stack, project };
  }
  const named = files.length > 0 ? `${files.join(", ")} has no x-lab` : "its containers do not name their compose file";
  throw new LabError("bad-input", `the lab does not know what the services of ${project} are for: ${named}`, {
    hint: "add x-lab to the services that matter, or name a file that has it with --stack FILE",
  });
}

async function noSuchProject(docker: Dockerode, project: string): Promise<LabError> {
  const all = await ask("listing projects", () =>
    docker.listContainers({ all: true, filters: { label: [LABEL.project] } }),
  );
  const names = [...new Set((all ?? []).map(({ Labels }) => Labels[LABEL.project] ?? ""))].sort();
  return new LabError("bad-input", `no compose project called "${project}" is up`, {
    hint: names.length > 0 ? `there are: ${names.join(", ")}` : "there are none on this engine",
  });
}

/** For a fault on a service of a project that is up: the services that share its namespaces, and go down with it. */
export async function sharersInProject(
  docker: Dockerode,
  project: string,
): Promise<(service: string, kind: LifecycleFault) => Sharer[]> {
  const containers = await possibleSharers(docker, project);
  const isOf = (service: string) => (each: Dockerode.ContainerInspectInfo) =>
    each.Config.Labels[LABEL.project] === project && each.Config.Labels[LABEL.service] === service;
  return (service, kind) => {
    const owner = containers.find(isOf(service));
    const sharers = owner === undefined ? [] : sharersAmong(containers, owner, kind);
    return sharers.map(({ container, shares }) => ({ service: nameOf(container), shares }));
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
  const byService = new Map(containers.map((each) => [each.Config.Labels[LABEL.service] ?? "", each]));
  const ports: Record<string, number> = {};
  const wrong: string[] = [];
  for (const { name, port } of stack.services) {
    const container = byService.get(name);
    const view = container && viewOf(container);
    if (view === undefined) wrong.push(`${name} has no container`);
    else if (view.state !== "running" && !acceptsStopped) wrong.push(`${name} is ${view.state}`);
    if (container === undefined || port === undefined) continue;
    const published = view?.ports[port.containerPort] ?? boundPort(container, port.containerPort);
    if (published !== undefined) ports[name] = published;
  }
  if (wrong.length === 0) return ports;
  throw new LabError("precondition", `project ${stack.project} is only half up: ${wrong.join(", ")}`, {
    hint: `bring all of it up (docker compose -p ${stack.project} up -d), or run on it as it is (run --accept-existing)`,
  });
}

/** The host port that a container will have when it is started; undefined when the engine chooses one. */
function boundPort({ HostConfig }: Dockerode.ContainerInspectInfo, containerPort: number): number | undefined {
  const bindings = HostConfig.PortBindings as Record<string, { HostPort?: string }[] | null> | null;
  const hostPort = Number(bindings?.[`${containerPort}/tcp`]?.[0]?.HostPort);
  return hostPort > 0 ? hostPort : undefined;
}
