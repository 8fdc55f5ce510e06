import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type Dockerode from "dockerode";
import type { LifecycleFault } from "../../../model/lifecycle-fault.ts";
import { LabError } from "../../lab-error.ts";
import { loadStack, type Stack, withoutServices } from "../stack-file.ts";
import type { Sharer } from "../surroundings.ts";
import { containersOf, inspectAll, LABEL } from "./compose-labels.ts";
import { containerName, viewOf } from "./container-view.ts";
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
  const containers = await containersOf(docker, project);
  const [first] = containers;
  if (first === undefined) throw await noSuchProject(docker, project);
  const present = new Set(containers.map(({ Labels }) => Labels[LABEL.service]));
  const read = (path: string): Stack => {
    const stack = loadStack(path, environment, "attached");
    const off = stack.services.filter(({ name, isOptional }) => isOptional && !present.has(name));
    return { ...withoutServices(stack, new Set(off.map(({ name }) => name))), project };
  };
  if (file !== undefined) return read(file);
  const folder = first.Labels[LABEL.workingFolder] ?? "";
  const files = (first.Labels[LABEL.configFiles] ?? "").split(",").filter(Boolean);
  for (const each of files) {
    const path = resolve(folder, each);
    if (!existsSync(path)) throw fileIsGone(project, path);
    const stack = read(path);
    if (stack.services.length > 0) return stack;
  }
  const named = files.length > 0 ? `${files.join(", ")} has no x-lab` : "its containers do not name their compose file";
  throw new LabError("bad-input", `the lab does not know what the services of ${project} are for: ${named}`, {
    hint: "add x-lab to the services that matter, or name a file that has it with --stack FILE",
  });
}

/** Containers outlive the folder that they were brought up from, and may have been brought up on another machine. */
function fileIsGone(project: string, path: string): LabError {
  return new LabError("bad-input", `${path}, from which ${project} was brought up by its labels, does not exist`, {
    hint: "name the compose file where it is now with --stack FILE",
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
    hint: `bring all of it up (docker compose -p ${stack.project} up -d), or run on it as it is (run --accept-existing)`,
  });
}

/** The host port that a container will have when it is started; undefined when the engine chooses one. */
function boundPort({ HostConfig }: Dockerode.ContainerInspectInfo, containerPort: number): number | undefined {
  const bindings = HostConfig.PortBindings as Record<string, { HostPort?: string }[] | null> | null;
  const hostPort = Number(bindings?.[`${containerPort}/tcp`]?.[0]?.HostPort);
  return hostPort > 0 ? hostPort : undefined;
}
