import { connect } from "node:net";
import { type Duplex, pipeline } from "node:stream";
import type Dockerode from "dockerode";
import type { EngineAddress } from "../../journal/docker-location.ts";
import { LOOPBACK, type Telemetry } from "../../telemetry/telemetry.ts";
import { containersOf } from "./compose-labels.ts";
import type { Door } from "./door/door.ts";
import { isRemote, isRootless } from "./engine-address.ts";
import { ask } from "./engine-error.ts";

/** What an engine that runs in a virtual machine of this one calls it. */
const HOST_NAME = "host.docker.internal";

/**
 * Where a container of a network reaches the lab, which listens there from now on: at the network's gateway, also of an internal
 * network. On an engine of this Linux machine that is an address of its own, and else of the engine's machine, where a door listens.
 * @param door absent where none is to be started: then undefined for an engine on another machine
 */
export async function addressFromNetwork(
  docker: Dockerode,
  engine: EngineAddress,
  network: string,
  telemetry: Telemetry,
  door?: Pick<Door, "listen">,
): Promise<string | undefined> {
  const found = await ask(`looking at network ${network}`, () => docker.getNetwork(network).inspect(), [
    { status: 404 },
  ]);
  const { IPAM } = (found ?? {}) as { IPAM?: { Config?: { Gateway?: string }[] | null } };
  for (const { Gateway } of IPAM?.Config ?? []) {
    // A gateway may be written with the length of its prefix.
    const address = Gateway?.split("/")[0];
    if (!address?.includes(".")) continue;
    // Listening there is the check: a bridge that no container is on yet is not among the interfaces that Node lists.
    if (!isRemote(engine) && !isRootless(engine) && (await telemetry.alsoAt(address))) return address;
    if (door !== undefined && (await listensThrough(door, address, telemetry))) return address;
  }
  return isRemote(engine) ? undefined : HOST_NAME;
}

/** At the ports of the receivers, to which each connection is handed. False where the door cannot listen there. */
async function listensThrough(door: Pick<Door, "listen">, host: string, { ports }: Telemetry): Promise<boolean> {
  if (ports === undefined) return false;
  const handOver = (port: number) => (connection: Duplex) => {
    const socket = connect({ host: LOOPBACK, port, allowHalfOpen: true });
    pipeline(connection, socket, connection, (error) => error && connection.destroy());
  };
  const listening = Object.values(ports).map((port: number) => door.listen({ host, port }, handOver(port)));
  return Promise.all(listening).then(
    () => true,
    () => false,
  );
}

/** Where the containers of a project reach the lab, one address for each of their networks. Starts nothing in the project. */
export async function addressesFromProject(
  docker: Dockerode,
  engine: EngineAddress,
  project: string,
  telemetry: Telemetry,
  door: Pick<Door, "listen">,
): Promise<string[]> {
  const containers = await containersOf(docker, project);
  const networks = new Set(containers.flatMap(({ NetworkSettings }) => Object.keys(NetworkSettings?.Networks ?? {})));
  const addresses = [...networks].filter((name) => name !== "host" && name !== "none");
  const found = await Promise.all(addresses.map((name) => addressFromNetwork(docker, engine, name, telemetry, door)));
  return [...new Set(found.filter((address) => address !== undefined))];
}
