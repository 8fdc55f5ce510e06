import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { damageOfLinks, linksOf, type Oracle } from "./kill-oracle.ts";

const run = promisify(execFile);
/** The service between callers and callees; on its own network, which this machine can reach. */
const PROXY = "fault-proxy";

/** The fields read from `docker inspect`. */
interface Container {
  Name: string;
  State: { Running: boolean; Paused: boolean; Restarting: boolean };
  Config: { Env: string[]; Labels: Record<string, string> };
  NetworkSettings: { Networks: Record<string, Network> };
}

interface Network {
  IPAddress: string;
  Aliases: string[] | null;
  Links: string[] | null;
  IPAMConfig: object | null;
}

/** Inspects the containers of a compose project with Docker's own program. */
export class DockerOracle implements Oracle {
  readonly #project: string;
  #services: readonly string[] = [];
  #connections = new Map<string, string>();

  constructor(project: string) {
    this.#project = project;
  }

  async learn(): Promise<void> {
    const containers = await this.#containers();
    this.#services = containers.map(serviceOf);
    this.#connections = new Map(containers.map((each) => [serviceOf(each), connectionsOf(each)]));
    await this.damage(); // fails early when there is no stack to learn from
  }

  async damage(): Promise<string[]> {
    const containers = await this.#containers();
    const wrong = this.#services.flatMap((service) => damageOfService(service, containers));
    for (const each of containers) {
      const [was, is] = [this.#connections.get(serviceOf(each)), connectionsOf(each)];
      if (was !== undefined && was !== is) wrong.push(`${serviceOf(each)} is connected as ${is}, and was as ${was}`);
    }
    return wrong.length > 0 ? wrong : damageOfLinks(reachableLinks(containers));
  }

  async remains(): Promise<string[]> {
    const containers = (await this.#containers()).map(({ Name }) => `container ${Name} still exists`);
    const others = await Promise.all(["network", "volume"].map((kind) => this.#named(kind)));
    return [...containers, ...others.flat()];
  }

  get #filter(): string {
    return `label=com.docker.compose.project=${this.#project}`;
  }

  async #named(kind: string): Promise<string[]> {
    const { stdout } = await run("docker", [kind, "ls", "--format", "{{.Name}}", "--filter", this.#filter]);
    return stdout.split("\n").flatMap((name) => (name === "" ? [] : [`${kind} ${name} still exists`]));
  }

  async #containers(): Promise<Container[]> {
    const { stdout } = await run("docker", ["ps", "--all", "--quiet", "--no-trunc", "--filter", this.#filter]);
    const ids = stdout.split("\n").filter(Boolean);
    if (ids.length === 0) return [];
    try {
      return JSON.parse((await run("docker", ["inspect", ...ids], { maxBuffer: 2 ** 24 })).stdout);
    } catch {
      return this.#containers(); // one was removed between the two commands
    }
  }
}

function serviceOf({ Config }: Container): string {
  return Config.Labels["com.docker.compose.service"] ?? "";
}

function damageOfService(service: string, containers: readonly Container[]): string[] {
  const own = containers.filter((each) => serviceOf(each) === service);
  const [only] = own;
  if (only === undefined) return [`${service} has no container`];
  if (own.length > 1) return [`${service} has ${own.length} containers`];
  const { Running, Paused, Restarting } = only.State;
  if (!Running || Restarting) return [`${service} does not run`];
  if (Paused) return [`${service} is paused`];
  return addressesOf(only).length > 0 ? [] : [`${service} is on no network`];
}

/** The networks of a container with its aliases, links and IPAM configuration on each. */
function connectionsOf({ NetworkSettings }: Container): string {
  const networks = Object.entries(NetworkSettings.Networks).map(([name, { Aliases, Links, IPAMConfig }]) => {
    const named = [Aliases ?? [], Links ?? []].map((each) => [...each].sort().join());
    return [name, ...named, JSON.stringify(IPAMConfig ?? {})].join(" ");
  });
  return networks.sort().join("; ");
}

function addressesOf({ NetworkSettings }: Container): string[] {
  return Object.values(NetworkSettings.Networks).flatMap(({ IPAddress }) => (IPAddress === "" ? [] : [IPAddress]));
}

/** The links as callers address them, with the proxy's name, which only containers can resolve, replaced by its address. */
function reachableLinks(containers: readonly Container[]) {
  const named = (service: string) => containers.find((each) => serviceOf(each) === service);
  const proxy = named(PROXY);
  const address = (proxy && addressesOf(proxy)[0]) ?? PROXY;
  const variable = (service: string, name: string) =>
    named(service)
      ?.Config.Env.find((line) => line.startsWith(`${name}=`))
      ?.slice(name.length + 1) ?? "";
  return linksOf(variable).map(({ name, url }) => {
    const { host } = new URL(url);
    return { name, url: url.replace(`${PROXY}:`, `${address}:`), host };
  });
}
