import type Dockerode from "dockerode";
import type { LifecycleFault } from "../../../model/lifecycle-fault.ts";
import type { Sharing } from "../../journal/baseline.ts";
import { LABEL, SIDECAR_LABEL } from "./compose-labels.ts";
import { containerName } from "./container-view.ts";
import { ask } from "./engine-error.ts";

type Inspected = Dockerode.ContainerInspectInfo;

/** A namespace ends with the container that owns it; one that is only taken off its networks keeps its namespaces. */
const LOST_BY: Record<LifecycleFault, readonly Sharing["namespace"][]> = {
  stop: ["network", "processes", "IPC"],
  kill: ["network", "processes", "IPC"],
  restart: ["network", "processes", "IPC"],
  disconnect: ["network"],
  pause: [],
};

export interface InspectedSharer {
  container: Inspected;
  shares: Sharing[];
}

/** Containers that may share namespaces with those of a project: its own, and whoever lives in another's network. */
export async function possibleSharers(docker: Dockerode, project: string): Promise<Inspected[]> {
  const listed = await ask("listing containers", () => docker.listContainers({ all: true }));
  const candidates = (listed ?? []).filter(
    ({ Labels, HostConfig }) =>
      Labels[LABEL.project] === project ||
      // The lab's own sidecars come and go with what they break.
      (HostConfig.NetworkMode?.startsWith(CONTAINER_PREFIX) && Labels[SIDECAR_LABEL.project] === undefined),
  );
  const found = await Promise.all(
    candidates.map(({ Id }) =>
      ask("looking at a container", () => docker.getContainer(Id).inspect(), [{ status: 404 }]),
    ),
  );
  return found.filter((each) => each !== undefined);
}

/**
 * Those that live in a namespace of a container which a fault on it takes away, and those that live in theirs, each
 * after the one that it depends on.
 */
export function sharersAmong(
  containers: readonly Inspected[],
  owner: Inspected,
  kind: LifecycleFault,
): InspectedSharer[] {
  // Backwards, since the last that is visited comes first.
  const others = containers.filter(({ Id }) => Id !== owner.Id).sort((a, b) => (nameOf(a) < nameOf(b) ? 1 : -1));
  const losesWith = (sharer: Inspected, each: Inspected) =>
    ownersOf(sharer).some(({ namespace, owner: named }) => LOST_BY[kind].includes(namespace) && isNamed(each, named));
  const ordered: Inspected[] = [];
  const seen = new Set<Inspected>();
  // Taken down once all who depend on it are, and put before them.
  const visit = (each: Inspected): void => {
    seen.add(each);
    for (const other of others) if (!seen.has(other) && losesWith(other, each)) visit(other);
    ordered.unshift(each);
  };
  visit(owner);
  return ordered.slice(1).map((container) => ({ container, shares: sharingOf(container, [owner, ...others]) }));
}

/** The container whose network namespace another lives in, also through one that lives in it too; else itself. */
export function networkOwnerAmong(containers: readonly Inspected[], sharer: Inspected): Inspected {
  const network = ownersOf(sharer).find(({ namespace }) => namespace === "network");
  const owner = network && containers.find((each) => isNamed(each, network.owner));
  // The engine refuses a circle.
  return owner === undefined ? sharer : networkOwnerAmong(containers, owner);
}

/** What a container has of others' namespaces, as far as those are among the ones given. */
export function sharingOf(container: Inspected, others: readonly Inspected[]): Sharing[] {
  return ownersOf(container).flatMap(({ namespace, owner }) => {
    const found = others.find((each) => isNamed(each, owner));
    return found === undefined
      ? []
      : [{ namespace, id: found.Id, with: nameOf(found), startedAt: found.State.StartedAt }];
  });
}

/** By its service, or by its own name when it belongs to no project. */
export function nameOf({ Config, Name }: Inspected): string {
  return Config.Labels[LABEL.service] ?? containerName(Name);
}

const CONTAINER_PREFIX = "container:";

/** Who owns the namespaces that a container lives in and does not own, each by an id or a name. */
export function ownersOf({ HostConfig }: Inspected): { namespace: Sharing["namespace"]; owner: string }[] {
  const { NetworkMode = "", PidMode = "", IpcMode = "" } = HostConfig;
  const modes = { network: NetworkMode, processes: PidMode, IPC: IpcMode };
  return Object.entries(modes).flatMap(([namespace, mode]) =>
    mode.startsWith(CONTAINER_PREFIX)
      ? [{ namespace: namespace as Sharing["namespace"], owner: mode.slice(CONTAINER_PREFIX.length) }]
      : [],
  );
}

export function isNamed({ Id, Name }: Inspected, idOrName: string): boolean {
  return Id === idOrName || Name === `/${idOrName}`;
}
