import type Dockerode from "dockerode";
import { LABEL } from "./compose-labels.ts";
import type { ReadSockets } from "./namespace-sockets.ts";
import { networkNamespaces, networkOwner } from "./network-namespaces.ts";

type Inspected = Dockerode.ContainerInspectInfo;

/** What the sockets of a project do not tell: a link that is not proposed may be there all the same. Each follows on "not known:". */
export function unseenTraffic(containers: readonly Inspected[], { unread, reason }: ReadSockets): string[] {
  const running = containers.filter(({ State }) => State.Pid > 0);
  const shared = networkNamespaces(running).filter(({ sharers }) => sharers.length > 0);
  const outside = running.filter((each) => networkOwner(each, running) === undefined);
  const onHost = outside.filter(({ HostConfig }) => HostConfig.NetworkMode === "host");
  const inOthers = outside.filter(({ HostConfig }) => HostConfig.NetworkMode?.startsWith("container:"));
  return [
    ...about(unread, (names) => `the connections and ports of ${names}: ${reason}`),
    ...about(onHost, (names) => `the connections of ${names}: in the network of the engine's machine`),
    ...about(inOthers, (names) => `the connections of ${names}: in the network of a container outside the project`),
    ...shared.flatMap(({ owner, sharers }) =>
      about(
        [owner, ...sharers],
        (names) => `which of ${names} connects, since they share a network: ${serviceOf(owner)} stands for them`,
      ),
    ),
  ];
}

function about(containers: readonly Inspected[], say: (names: string) => string): string[] {
  const names = new Set(containers.map(serviceOf));
  return names.size === 0 ? [] : [say([...names].join(", "))];
}

function serviceOf({ Config }: Inspected): string {
  return Config.Labels[LABEL.service] ?? "";
}
