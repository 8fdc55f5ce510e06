import { resolve } from "node:path";
import type Dockerode from "dockerode";
import type { ListedProject } from "../../../contract/stacks.ts";
import { LABEL } from "./compose-labels.ts";
import { ask } from "./engine-error.ts";

/** Every compose project of an engine, by the labels of its containers, in alphabetical order. One request. */
export async function listProjects(docker: Dockerode): Promise<ListedProject[]> {
  const filters = { label: [LABEL.project, LABEL.service] };
  const listed = (await ask("listing projects", () => docker.listContainers({ all: true, filters }))) ?? [];
  const containers = listed.filter(({ Labels }) => Labels[LABEL.oneOff]?.toLowerCase() !== "true");
  const byProject = Map.groupBy(containers, ({ Labels }) => Labels[LABEL.project] ?? "");
  return [...byProject].map(([project, its]) => toProject(project, its)).sort(byName(({ project }) => project));
}

function toProject(project: string, containers: readonly Dockerode.ContainerInfo[]): ListedProject {
  const byService = Map.groupBy(containers, ({ Labels }) => Labels[LABEL.service] ?? "");
  const services = [...byService].map(([name, replicas]) => ({
    name,
    running: replicas.filter(({ State }) => State === "running").length,
    containers: replicas.length,
  }));
  const files = containers.map(({ Labels }) => filesIn(Labels)).find((each) => each.length > 0) ?? [];
  return { project, services: services.sort(byName(({ name }) => name)), files };
}

/** Older versions of compose write them as they were typed: relative to the working folder. */
export function filesIn(labels: Readonly<Record<string, string>>): string[] {
  const names = (labels[LABEL.configFiles] ?? "").split(",").filter(Boolean);
  return names.map((name) => resolve(labels[LABEL.workingFolder] ?? "/", name));
}

function byName<Item>(nameOf: (item: Item) => string): (one: Item, other: Item) => number {
  return (one, other) => (nameOf(one) < nameOf(other) ? -1 : 1);
}
