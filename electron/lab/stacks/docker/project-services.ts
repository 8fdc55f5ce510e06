import type Dockerode from "dockerode";
import { LABEL } from "./compose-labels.ts";
import { addressesOf, containerName } from "./container-view.ts";

type Inspected = Dockerode.ContainerInspectInfo;

/** A service of a project as the engine has it: its first container stands for all of them. */
export interface FoundService {
  name: string;
  image: string;
  /** Its program with its arguments. */
  command: readonly string[];
  /** `NAME=value`, as its container has it. May hold secrets: only read for names of other services. */
  environment: readonly string[];
  /** Other names that it has in its networks. */
  aliases: readonly string[];
  /** The names of its containers. */
  containers: readonly string[];
  /** Names that it alone has for containers, by `links`. */
  linked: readonly { container: string; alias: string }[];
  /** Every TCP port that its image or its project names, in ascending order. */
  ports: readonly FoundPort[];
  /** Of its containers in each of their networks; none where it is in another's. */
  addresses: readonly string[];
  dependsOn: Readonly<Record<string, string>>;
  hasHealthCheck: boolean;
  replicas: number;
}

export interface FoundPort {
  inside: number;
  /** 0 where the engine chooses it at each start; undefined for one that is not published. */
  published: number | undefined;
  hostAddress: string;
}

/**
 * The services of a project, in alphabetical order. One whose containers have done their work and ended (exit code 0, no
 * port, and nothing starts them again), such as a migration, is no service.
 */
export function foundServices(containers: readonly Inspected[]): FoundService[] {
  const byService = Map.groupBy(containers, ({ Config }) => Config.Labels[LABEL.service] ?? "");
  return [...byService]
    .filter(([name, replicas]) => name !== "" && !replicas.every(isDone))
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, replicas]) => foundService(name, replicas));
}

function isDone(container: Inspected): boolean {
  const { State, HostConfig } = container;
  const policy = HostConfig.RestartPolicy?.Name ?? "";
  if (portsOf(container).length > 0) return false;
  return State.Status === "exited" && State.ExitCode === 0 && (policy === "" || policy === "no");
}

function foundService(name: string, replicas: readonly Inspected[]): FoundService {
  const [container] = replicas as [Inspected];
  const { Config } = container;
  return {
    name,
    image: Config.Image,
    command: [...[Config.Entrypoint ?? []].flat(), ...(Config.Cmd ?? [])],
    environment: Config.Env ?? [],
    aliases: aliasesOf(container),
    containers: replicas.map(({ Name }) => containerName(Name)),
    linked: linkedBy(container),
    ports: portsOf(container),
    addresses: replicas.flatMap(addressesOf),
    dependsOn: dependenciesOf(Config.Labels[LABEL.dependsOn]),
    hasHealthCheck: container.State.Health !== undefined,
    replicas: replicas.length,
  };
}

/** But for its id, which is another one for each container. */
function aliasesOf({ Id, NetworkSettings }: Inspected): string[] {
  const named = Object.values(NetworkSettings.Networks).flatMap(({ Aliases }) => Aliases ?? []);
  return [...new Set(named)].filter((alias) => !Id.startsWith(alias));
}

/** As the engine has them, `container:alias`. */
function linkedBy({ NetworkSettings }: Inspected): { container: string; alias: string }[] {
  const all = Object.values(NetworkSettings.Networks) as { Links?: string[] | null }[];
  return all
    .flatMap(({ Links }) => Links ?? [])
    .flatMap((link) => {
      const [container, alias] = link.split(":");
      return container && alias ? [{ container, alias }] : [];
    });
}

function portsOf({ Config, HostConfig }: Inspected): FoundPort[] {
  const bindings = (HostConfig.PortBindings ?? {}) as Record<string, { HostIp?: string; HostPort?: string }[] | null>;
  const names = new Set([...Object.keys(Config.ExposedPorts ?? {}), ...Object.keys(bindings)]);
  return [...names]
    .filter((each) => each.endsWith("/tcp"))
    .map((each) => {
      const [binding] = bindings[each] ?? [];
      return {
        inside: Number.parseInt(each, 10),
        published: binding && Number(binding.HostPort ?? 0),
        hostAddress: binding?.HostIp || "0.0.0.0",
      };
    })
    .sort((one, other) => one.inside - other.inside);
}

/** As compose writes it since version 2: `db:service_healthy:true,cache:service_started:false`. */
function dependenciesOf(label = ""): Record<string, string> {
  const entries = label.split(",").flatMap((each): [string, string][] => {
    const [name, condition = "service_started"] = each.split(":");
    return name ? [[name, condition]] : [];
  });
  return Object.fromEntries(entries);
}
