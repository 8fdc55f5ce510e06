import { BlockList, isIPv6 } from "node:net";
import type Dockerode from "dockerode";
import { LABEL } from "./compose-labels.ts";
import { hasOwnNetworks } from "./container-view.ts";
import type { ProposedLink } from "./propose-links.ts";
import { ownersOf } from "./shared-namespaces.ts";
import { SIDECAR_USER } from "./sidecar/sidecar-image.ts";
import type { TcpSocket } from "./socket-table.ts";

type Inspected = Dockerode.ContainerInspectInfo;

/** What the sockets of a project's containers show, at the moment at which they were read. */
export interface SeenTraffic {
  /** Connections between two services; one for each pair, at the port that most of them are to. */
  links: ProposedLink[];
  /** The TCP ports on which a service listens for others, in ascending order. */
  listening: ReadonlyMap<string, readonly number[]>;
}

/**
 * Only of containers that are alone in their network namespace: of sockets in one that is shared, or in the machine's, it is
 * not known whose they are.
 */
export function seenTraffic(
  containers: readonly Inspected[],
  sockets: ReadonlyMap<string, readonly TcpSocket[]>,
): SeenTraffic {
  const alone = aloneInTheirNetwork(containers);
  const byAddress = servicesByAddress(alone);
  const counts = new Map<string, Map<number, number>>();
  const listening = new Map<string, Set<number>>();
  for (const container of alone) {
    const service = serviceOf(container);
    // Those of a fault in force are the lab's.
    const own = (sockets.get(container.Id) ?? []).filter(({ user }) => user !== SIDECAR_USER);
    const open = new Set(own.filter(({ is }) => is === "listening").map(({ local }) => local.port));
    const offered = own.filter(
      ({ is, local }) => is === "listening" && !LOOPBACK.check(local.host, family(local.host)),
    );
    const ports = listening.get(service) ?? new Set();
    for (const { local } of offered) ports.add(local.port);
    listening.set(service, ports);
    for (const { is, local, remote } of own) {
      const other = byAddress.get(remote.host);
      if (is === "listening" || other === undefined || other === service) continue;
      // Whoever listens on its own port was called.
      const [name, port] = open.has(local.port)
        ? [`${other}->${service}`, local.port]
        : [`${service}->${other}`, remote.port];
      const byPort = counts.get(name) ?? new Map<number, number>();
      counts.set(name, byPort.set(port, (byPort.get(port) ?? 0) + 1));
    }
  }
  const links = [...counts].map(([name, byPort]) => ({ name, port: mostUsed(byPort) }));
  return {
    links: links.sort((one, another) => (one.name < another.name ? -1 : 1)),
    listening: new Map([...listening].map(([name, ports]) => [name, [...ports].sort((a, b) => a - b)])),
  };
}

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet("127.0.0.0", 8, "ipv4");
LOOPBACK.addAddress("::1", "ipv6");

function family(host: string): "ipv4" | "ipv6" {
  return isIPv6(host) ? "ipv6" : "ipv4";
}

function aloneInTheirNetwork(containers: readonly Inspected[]): Inspected[] {
  const shared = containers.flatMap((each) =>
    ownersOf(each).flatMap(({ namespace, owner }) => (namespace === "network" ? [owner] : [])),
  );
  return containers.filter(
    ({ Id, Name, HostConfig }) => hasOwnNetworks(HostConfig) && !shared.includes(Id) && !shared.includes(Name.slice(1)),
  );
}

function servicesByAddress(containers: readonly Inspected[]): Map<string, string> {
  const named = containers.flatMap((container) =>
    Object.values(container.NetworkSettings.Networks)
      .flatMap(({ IPAddress, GlobalIPv6Address }) => [IPAddress, GlobalIPv6Address])
      .filter((address) => address !== undefined && address !== "")
      .map((address): [string, string] => [inFull(address), serviceOf(container)]),
  );
  return new Map(named);
}

/** As a socket table's addresses are written. */
function inFull(address: string): string {
  if (!isIPv6(address)) return address;
  const [before = "", after] = address.split("::");
  const groups = (text = "") => text.split(":").filter((group) => group !== "");
  const [head, tail] = [groups(before), groups(after)];
  const zeros = after === undefined ? 0 : 8 - head.length - tail.length;
  const all = [...head, ...new Array<string>(zeros).fill("0"), ...tail];
  return all.map((group) => Number.parseInt(group, 16).toString(16)).join(":");
}

function mostUsed(byPort: ReadonlyMap<number, number>): number {
  const [[port] = [0]] = [...byPort].sort(([one, many], [another, more]) => more - many || one - another);
  return port;
}

function serviceOf({ Config }: Inspected): string {
  return Config.Labels[LABEL.service] ?? "";
}
