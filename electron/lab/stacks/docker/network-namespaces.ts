import type Dockerode from "dockerode";
import { hasOwnNetworks } from "./container-view.ts";
import { isNamed, ownersOf } from "./shared-namespaces.ts";

type Inspected = Dockerode.ContainerInspectInfo;

/** A network namespace of a project. */
export interface NetworkNamespace {
  owner: Inspected;
  /** Containers that live in it, too (`network_mode: service:x`): whose one of its sockets is cannot be told. */
  sharers: readonly Inspected[];
}

/** Those of a project's containers; without the machine's, and those of containers that are none of the project's. */
export function networkNamespaces(containers: readonly Inspected[]): NetworkNamespace[] {
  const byOwner = Map.groupBy(containers, (each) => networkOwner(each, containers));
  return [...byOwner].flatMap(([owner, all]) =>
    owner === undefined ? [] : [{ owner, sharers: all.filter((each) => each !== owner) }],
  );
}

/** The container of the project in whose network namespace one lives: most often itself. */
export function networkOwner(container: Inspected, containers: readonly Inspected[]): Inspected | undefined {
  const shared = ownersOf(container).find(({ namespace }) => namespace === "network");
  if (shared === undefined) return hasOwnNetworks(container.HostConfig) ? container : undefined;
  const owner = containers.find((each) => each !== container && isNamed(each, shared.owner));
  return owner && networkOwner(owner, containers);
}
