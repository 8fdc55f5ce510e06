import type Dockerode from "dockerode";
import type { EngineAddress } from "../../journal/docker-location.ts";
import type { Telemetry } from "../../telemetry/telemetry.ts";
import { containersOf } from "./compose-labels.ts";
import { isRemote } from "./engine-address.ts";
import { ask } from "./engine-error.ts";

/** What an engine that runs in a virtual machine of this one calls it. */
const HOST_NAME = "host.docker.internal";

/**
 * Where a container of a network reaches the lab, which listens there from now on. On an engine of this Linux machine it is the
 * network's gateway, also of an internal network. Undefined for an engine on another machine.
 */
export async function addressFromNetwork(
  docker: Dockerode,
  engine: EngineAddress,
  network: string,
  telemetry: Telemetry,
): Promise<string | undefined> {
  const found = await ask(`looking at network ${network}`, () => docker.getNetwork(network).inspect(), [
    { status: 404 },
  ]);
  const { IPAM } = (found ?? {}) as { IPAM?: { Config?: { Gateway?: string }[] | null } };
  for (const { Gateway } of IPAM?.Config ?? []) {
    // A gateway may be written with the length of its prefix.
    const address = Gateway?.split("/")[0];
    // Listening there is the check: a bridge that no container is on yet is not among the interfaces that Node lists.
    if (address?.includes(".") && !isRemote(engine) && (await telemetry.alsoAt(address))) return address;
  }
  return isRemote(engine) ? undefined : HOST_NAME;
}

/** Where the containers of a project reach the lab, one address for each of their networks. Starts nothing in the project. */
export async function addressesFromProject(
  docker: Dockerode,
  engine: EngineAddress,
  project: string,
  telemetry: Telemetry,
): Promise<string[]> {
  const containers = await containersOf(docker, project);
  const networks = new Set(containers.flatMap(({ NetworkSettings }) => Object.keys(NetworkSettings?.Networks ?? {})));
  const addresses = [...networks].filter((name) => name !== "host" && name !== "none");
  const found = await Promise.all(addresses.map((name) => addressFromNetwork(docker, engine, name, telemetry)));
  return [...new Set(found.filter((address) => address !== undefined))];
}
