import type Dockerode from "dockerode";
import { ask } from "./engine-error.ts";

/** How a container was connected to one network: what a reconnection has to say again, or names stop resolving. */
export interface Endpoint {
  network: string;
  aliases: string[];
  /** Only addresses that were chosen; the engine gives the others anew. */
  ipv4Address: string | undefined;
  ipv6Address: string | undefined;
}

type Settings = Dockerode.ContainerInspectInfo["NetworkSettings"]["Networks"][string];
/** What the engine says of an endpoint and the client's types leave open. */
interface Chosen {
  Aliases?: string[] | null;
  IPAMConfig?: { IPv4Address?: string; IPv6Address?: string } | null;
}

/** The names of a container on a network, without its short id, which the engine adds by itself. */
export function aliasesOf(settings: Settings, id: string): string[] {
  return ((settings as Chosen).Aliases ?? []).filter((alias) => !id.startsWith(alias));
}

export function endpointsOf({ Id, NetworkSettings }: Dockerode.ContainerInspectInfo): Endpoint[] {
  return Object.values(NetworkSettings.Networks).map((settings) => {
    const { IPv4Address, IPv6Address } = (settings as Chosen).IPAMConfig ?? {};
    return {
      network: settings.NetworkID,
      aliases: aliasesOf(settings, Id),
      ipv4Address: IPv4Address || undefined,
      ipv6Address: IPv6Address || undefined,
    };
  });
}

export async function disconnect(docker: Dockerode, container: string, endpoint: Endpoint): Promise<void> {
  const network = docker.getNetwork(endpoint.network);
  await ask("disconnecting from a network", () => network.disconnect({ Container: container }), [
    { status: 500, says: /is not connected/ },
    { status: 404 },
  ]);
}

export async function reconnect(docker: Dockerode, container: string, endpoint: Endpoint): Promise<void> {
  const network = docker.getNetwork(endpoint.network);
  const { aliases, ipv4Address, ipv6Address } = endpoint;
  const IPAMConfig = {
    ...(ipv4Address === undefined ? {} : { IPv4Address: ipv4Address }),
    ...(ipv6Address === undefined ? {} : { IPv6Address: ipv6Address }),
  };
  await ask(
    "connecting to a network again",
    () => network.connect({ Container: container, EndpointConfig: { Aliases: aliases, IPAMConfig } }),
    [{ status: 403, says: /already exists/ }],
  );
}
