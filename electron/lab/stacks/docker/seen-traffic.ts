import { BlockList, isIPv6 } from "node:net";
import type Dockerode from "dockerode";
import { LABEL } from "./compose-labels.ts";
import { networkNamespaces } from "./network-namespaces.ts";
import type { ProposedLink } from "./propose-links.ts";
import { SIDECAR_USER } from "./sidecar/sidecar-image.ts";
import type { TcpSocket } from "./socket-table.ts";

type Inspected = Dockerode.ContainerInspectInfo;

/** What the sockets of a project's containers show, at the moment at which they were read. */
export interface SeenTraffic {
  /**
   * Connections between two services; one for each pair, at the port that most of them are to. A network namespace counts as the
   * service that owns it, as it does for a fault on a link.
   */
  links: ProposedLink[];
  /** The TCP ports on which a service listens for others, in ascending order: of one that is alone in its namespace. */
  listening: ReadonlyMap<string, readonly number[]>;
}

/** Sockets of the machine's own network namespace, and of those of other projects, are nobody's. */
export function seenTraffic(
  containers: readonly Inspected[],
  sockets: ReadonlyMap<string, readonly TcpSocket[]>,
): SeenTraffic {
  const namespaces = networkNamespaces(containers);
  const byAddress = servicesByAddress(namespaces.map(({ owner }) => owner));
  const counts = new Map<string, Map<number, number>>();
  const listening = new Map<string, Set<number>>();
  for (const { owner, sharers } of namespaces) {
    const service = serviceOf(owner);
    // Those of a fault in force are the lab's.
    const own = (sockets.get(owner.Id) ?? []).filter(({ user }) => user !== SIDECAR_USER);
    const open = new Set(own.filter(({ is }) => is === "listening").map(({ local }) => local.port));
    const ports = listening.get(service) ?? new Set();
    for (const port of sharers.length === 0 ? portsForOthers(own) : []) ports.add(port);
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

function portsForOthers(sockets: readonly TcpSocket[]): number[] {
  const offered = sockets.filter(
    ({ is, local }) => is === "listening" && !LOOPBACK.check(local.host, family(local.host)),
  );
  return offered.map(({ local }) => local.port);
}

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet("127.0.0.0", 8, "ipv4");
LOOPBACK.addAddress("::1", "ipv6");

function family(host: string): "ipv4" | "ipv6" {
  return isIPv6(host) ? "ipv6" : "ipv4";
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
