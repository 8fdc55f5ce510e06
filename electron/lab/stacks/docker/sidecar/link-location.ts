import type Dockerode from "dockerode";
import { LabError } from "../../../lab-error.ts";
import type { DirectLink } from "../../stack-file.ts";
import { containersOf } from "../compose-labels.ts";
import { containerName } from "../container-view.ts";
import { ask } from "../engine-error.ts";
import { nameOf, ownersOf } from "../shared-namespaces.ts";

type Inspected = Dockerode.ContainerInspectInfo;

export interface Target {
  host: string;
  port: number;
}

/** One instance of a link's caller, and every address at which it reaches the callee. */
export interface LinkLocation {
  caller: { id: string; startedAt: string };
  targets: Target[];
  /** How the caller's names of the callee are led elsewhere; absent where packet rules do it. */
  hosts?: CallerHosts;
}

export interface CallerHosts {
  /** The caller's hosts file, on the engine's machine. */
  file: string;
  /** A network of both. */
  network: string;
  /** The callee's names in it. */
  names: string[];
}

/**
 * Where a link can be broken: at each container of its caller, but for those that live in a network namespace of another
 * one, which carries it for them.
 * @throws LabError `unsupported` or `precondition` with the reason why the link cannot be broken
 */
export async function locateLink(
  docker: Dockerode,
  project: string,
  { name, from, to, port, by }: DirectLink,
): Promise<LinkLocation[]> {
  const [callers, callees] = await Promise.all([
    runningContainers(docker, project, from),
    runningContainers(docker, project, to),
  ]);
  if (callers.length === 0) {
    throw new LabError("precondition", `${name} cannot be broken: ${from} is not running`, {
      hint: `start ${from} first`,
    });
  }
  const homes = await Promise.all(callees.map((each) => namespaceOwner(docker, each)));
  const locations = new Map<string, LinkLocation>();
  for (const caller of callers) {
    const home = await namespaceOwner(docker, caller);
    assertOwnNetwork(name, from, home);
    const hosts = [...new Set(homes.flatMap((each) => addressesOf(home, each)))].sort();
    if (hosts.length === 0) throw unreachable(name, from, to, callees);
    if (locations.has(home.Id)) continue;
    const location = { caller: { id: caller.Id, startedAt: caller.State.StartedAt } };
    if (by === undefined) locations.set(home.Id, { ...location, targets: hosts.map((host) => ({ host, port })) });
    else locations.set(home.Id, { ...location, ...byHostsFile(home, homes, name, port) });
  }
  return [...locations.values()];
}

/** The running containers of a service, paused ones too. */
export async function runningContainers(docker: Dockerode, project: string, service: string): Promise<Inspected[]> {
  const listed = await containersOf(docker, project, service);
  const found = await Promise.all(listed.map(({ Id }) => inspect(docker, Id)));
  return found.filter((each) => each !== undefined).filter(({ State }) => State.Running && !State.Restarting);
}

function inspect(docker: Dockerode, id: string): Promise<Inspected | undefined> {
  return ask("inspecting a container", () => docker.getContainer(id).inspect(), [{ status: 404 }]);
}

/** The container whose network namespace this one lives in: itself, or another that `network_mode` names. */
async function namespaceOwner(docker: Dockerode, container: Inspected): Promise<Inspected> {
  const owner = ownersOf(container).find(({ namespace }) => namespace === "network")?.owner;
  const found = owner === undefined ? undefined : await inspect(docker, owner);
  return found === undefined ? container : namespaceOwner(docker, found);
}

function assertOwnNetwork(link: string, from: string, { HostConfig }: Inspected): void {
  const mode = HostConfig.NetworkMode;
  if (mode !== "host" && mode !== "none") return;
  const why =
    mode === "host" ? "uses the network of the host, so the rules would be the whole machine's" : "has no network";
  throw new LabError("unsupported", `${link} cannot be broken: ${from} ${why}`, {
    hint: `break the callee instead (stop, pause), or run ${from} on a network of its own`,
  });
}

/** At which addresses one container reaches another. Of version 6 only where the caller has it, too. */
function addressesOf(caller: Inspected, callee: Inspected): string[] {
  const mine = Object.values(caller.NetworkSettings.Networks);
  const theirs = Object.values(callee.NetworkSettings.Networks);
  const isSame = caller.Id === callee.Id;
  const shared = theirs.flatMap((endpoint) => {
    const own = mine.find(({ NetworkID }) => NetworkID === endpoint.NetworkID);
    if (own === undefined) return [];
    return [endpoint.IPAddress, own.GlobalIPv6Address ? endpoint.GlobalIPv6Address : ""];
  });
  const hasVersion6 = mine.some(({ GlobalIPv6Address }) => GlobalIPv6Address);
  const loopback = isSame ? ["127.0.0.1", ...(hasVersion6 ? ["::1"] : [])] : [];
  return [...shared, ...loopback].filter((address) => address !== "" && address !== undefined);
}

/** The first callee in a network of the caller, and all names by which the caller knows it there. */
function byHostsFile(
  caller: Inspected,
  callees: readonly Inspected[],
  link: string,
  port: number,
): Pick<LinkLocation, "targets"> & { hosts: CallerHosts } {
  for (const [network, own] of Object.entries(caller.NetworkSettings.Networks)) {
    for (const callee of callees) {
      const theirs = Object.values(callee.NetworkSettings.Networks).find(
        ({ NetworkID }) => NetworkID === own.NetworkID,
      );
      if (!theirs?.IPAddress || callee.Id === caller.Id) continue;
      const links = ((own as { Links?: string[] | null }).Links ?? []).flatMap((each) => {
        const [container, alias] = each.split(":");
        return alias !== undefined && container === containerName(callee.Name) ? [alias] : [];
      });
      const aliases = (theirs as { Aliases?: string[] | null }).Aliases ?? [];
      const names = [...new Set([...aliases, ...links, containerName(callee.Name)])];
      return { targets: [{ host: theirs.IPAddress, port }], hosts: { file: caller.HostsPath, network, names } };
    }
  }
  throw new LabError("unsupported", `${link} cannot be broken by a hosts file: its ends share no network`, {
    hint: "leave out `by` of the link",
  });
}

function unreachable(link: string, from: string, to: string, callees: readonly Inspected[]): LabError {
  if (callees.length === 0) {
    return new LabError("precondition", `${link} cannot be broken: ${to} is not running, so its address is not known`, {
      hint: `start ${to} first`,
    });
  }
  const onHost = callees.find(({ HostConfig }) => HostConfig.NetworkMode === "host");
  return new LabError(
    "unsupported",
    onHost === undefined
      ? `${link} cannot be broken: ${from} and ${to} have no network in common`
      : `${link} cannot be broken: ${nameOf(onHost)} uses the network of the host and has no address of its own`,
    { hint: "name the link that the caller really uses" },
  );
}
