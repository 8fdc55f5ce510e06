import type Dockerode from "dockerode";
import type { ContainerBaseline, Endpoint } from "../../journal/baseline.ts";
import { ask } from "./engine-error.ts";

type Settings = Dockerode.ContainerInspectInfo["NetworkSettings"]["Networks"][string];
/** What the engine says of an endpoint and the client's types leave open. */
interface Configured {
  Aliases?: string[] | null;
  Links?: string[] | null;
  IPAMConfig?: Record<string, unknown> | null;
  DriverOpts?: Record<string, string> | null;
  GwPriority?: number;
  MacAddress?: string;
}

/** Of the engine's answer what a new connection has to be told; it adds the rest, such as free addresses, by itself. */
export function endpointOf(settings: Settings, containerId: string): Endpoint {
  const { Aliases, Links, IPAMConfig, DriverOpts, GwPriority, MacAddress } = settings as Configured;
  const isDerived = !MacAddress || MacAddress === macOf(settings.IPAddress);
  return {
    network: settings.NetworkID,
    config: {
      // The short id is added by the engine itself.
      Aliases: (Aliases ?? []).filter((alias) => !containerId.startsWith(alias)),
      ...(Links ? { Links } : {}),
      ...(IPAMConfig ? { IPAMConfig } : {}),
      ...(DriverOpts ? { DriverOpts } : {}),
      ...(GwPriority ? { GwPriority } : {}),
      ...(isDerived ? {} : { MacAddress }),
    },
  };
}

export function endpointsOf({ Id, NetworkSettings }: Dockerode.ContainerInspectInfo): Endpoint[] {
  return Object.values(NetworkSettings.Networks).map((settings) => endpointOf(settings, Id));
}

/** The MAC address that an engine gives to an IPv4 address when none was chosen. */
export function macOf(ipv4Address: string): string {
  const octets = ipv4Address.split(".").map((octet) => Number(octet).toString(16).padStart(2, "0"));
  return ["02", "42", ...octets].join(":");
}

/** As the client takes it, whose types ask for what the engine only answers. */
export function endpointConfig({ config }: Endpoint): Dockerode.EndpointSettings {
  return config as unknown as Dockerode.EndpointSettings;
}

export async function disconnect(docker: Dockerode, container: string, endpoint: Endpoint): Promise<void> {
  const network = docker.getNetwork(endpoint.network);
  await ask("disconnecting from a network", () => network.disconnect({ Container: container }), [
    { status: 500, says: /is not connected/ },
    { status: 404 },
  ]);
}

/** @throws LabError with the network and the address that the container had there */
export async function reconnect(docker: Dockerode, before: ContainerBaseline, endpoint: Endpoint): Promise<void> {
  const network = docker.getNetwork(endpoint.network);
  const { IPv4Address: address } = (endpoint.config.IPAMConfig ?? {}) as { IPv4Address?: string };
  const at = address === undefined ? "" : ` at ${address}`;
  await ask(
    `connecting ${before.service} to network ${networkName(before, endpoint)} again${at}`,
    () => network.connect({ Container: before.id, EndpointConfig: endpointConfig(endpoint) }),
    [{ status: 403, says: /already exists/ }],
  );
}

/** By its id where the inspection does not have it. */
function networkName({ inspection }: ContainerBaseline, { network }: Endpoint): string {
  const [path] = Object.entries(inspection).find(([, value]) => value === network) ?? [];
  return /^NetworkSettings\.Networks\.(.+)\.NetworkID$/.exec(path ?? "")?.[1] ?? network;
}
