import type Dockerode from "dockerode";
import { ask } from "./engine-error.ts";

/** By these labels, and never by names, containers belong to a project: names differ between versions of compose. */
export const LABEL = {
  project: "com.docker.compose.project",
  service: "com.docker.compose.service",
  number: "com.docker.compose.container-number",
  oneOff: "com.docker.compose.oneoff",
  configHash: "com.docker.compose.config-hash",
  configFiles: "com.docker.compose.project.config_files",
  workingFolder: "com.docker.compose.project.working_dir",
  version: "com.docker.compose.version",
  network: "com.docker.compose.network",
  volume: "com.docker.compose.volume",
  dependsOn: "com.docker.compose.depends_on",
} as const;

/** On a replacement: the id of the container that it replaces. */
export const STANDS_IN_FOR = "resilience-lab.stands-in-for";

/** On the containers that break a link from within its caller's network namespace; they belong to no compose project. */
export const SIDECAR_LABEL = {
  project: "resilience-lab.project",
  /** The id, in the journal, of the stack that the lab that created it had attached to or brought up. */
  stack: "resilience-lab.stack",
  /** `caller->callee` */
  link: "resilience-lab.link",
  /** The id of the container whose connections it redirects. */
  caller: "resilience-lab.caller",
  /** The id, in the journal, of the fault that it was created for. */
  fault: "resilience-lab.fault",
  /** It outlives the lab that created it. */
  standing: "resilience-lab.standing",
} as const;

/** On the container through which a lab reaches addresses of an engine that it cannot reach itself: the stack's id in the journal. */
export const DOOR_LABEL = "resilience-lab.door";

type Listed = Dockerode.ContainerInfo;

/** Every container of a project, running or not, as the engine has them now; those that are replaced are left out. */
export async function containersOf(docker: Dockerode, project: string, service?: string): Promise<Listed[]> {
  const listed = await everyContainerOf(docker, project, service);
  const aside = new Set(listed.map(({ Labels }) => Labels[STANDS_IN_FOR]));
  return listed.filter(({ Id }) => !aside.has(Id));
}

/** {@link containersOf}, and those that another stands in for. */
export async function everyContainerOf(docker: Dockerode, project: string, service?: string): Promise<Listed[]> {
  const label = [`${LABEL.project}=${project}`, ...(service === undefined ? [] : [`${LABEL.service}=${service}`])];
  const listed = await ask(`listing the containers of ${project}`, () =>
    docker.listContainers({ all: true, filters: { label } }),
  );
  return (listed ?? []).filter(({ Labels }) => Labels[LABEL.oneOff]?.toLowerCase() !== "true");
}

/** {@link containersOf}, each looked at by itself: what the engine then says is true now. */
export async function inspectAll(docker: Dockerode, project: string): Promise<Dockerode.ContainerInspectInfo[]> {
  const listed = await containersOf(docker, project);
  const found = await Promise.all(
    listed.map(({ Id }) => ask("looking at a container", () => docker.getContainer(Id).inspect(), [{ status: 404 }])),
  );
  return found.filter((each) => each !== undefined);
}

/** Orders containers of a service as compose numbers them. */
export function byNumber(a: Dockerode.ContainerInspectInfo, b: Dockerode.ContainerInspectInfo): number {
  const numberOf = ({ Config }: Dockerode.ContainerInspectInfo) => Number(Config.Labels[LABEL.number] ?? 0);
  return numberOf(a) - numberOf(b) || (a.Name < b.Name ? -1 : 1);
}
