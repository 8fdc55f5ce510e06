import type Dockerode from "dockerode";
import type { ServiceInstance } from "../../../contract/stack.ts";
import { containerName } from "./container-view.ts";

/** What a person wants to know of a container, and what it uses now: the engine takes a second to measure that. */
export async function instanceOf(docker: Dockerode, id: string): Promise<ServiceInstance> {
  const container = docker.getContainer(id);
  const found = await container.inspect();
  const { Config, State, NetworkSettings, Name, RestartCount } = found;
  const isRunning = State.Status === "running";
  const stats = isRunning ? await container.stats({ stream: false }).catch(() => undefined) : undefined;
  return {
    name: containerName(Name),
    program: Config.Image,
    state: State.Status,
    startedWallMs: isRunning ? Date.parse(State.StartedAt) : null,
    restarts: RestartCount,
    ports: portsOf(NetworkSettings.Ports),
    networks: Object.entries(NetworkSettings.Networks).map(([name, { IPAddress }]) => ({ name, address: IPAddress })),
    ...usageIn(stats),
  };
}

function portsOf(ports: Dockerode.ContainerInspectInfo["NetworkSettings"]["Ports"]): string[] {
  return Object.entries(ports ?? {}).map(([inside, published]) => {
    const [binding] = published ?? [];
    return binding === undefined ? inside : `${inside} at ${binding.HostIp}:${binding.HostPort}`;
  });
}

/** As `docker stats` computes it, but for memory: of that, what the kernel could free at once is no use. */
function usageIn(stats: Dockerode.ContainerStats | undefined): Pick<ServiceInstance, "cpuPercent" | "memoryBytes"> {
  const cpu = stats?.cpu_stats;
  const before = stats?.precpu_stats;
  const used = (cpu?.cpu_usage.total_usage ?? 0) - (before?.cpu_usage.total_usage ?? 0);
  const system = (cpu?.system_cpu_usage ?? 0) - (before?.system_cpu_usage ?? 0);
  const memory = stats?.memory_stats;
  const cache = memory?.stats?.total_inactive_file ?? memory?.stats?.inactive_file ?? 0;
  return {
    cpuPercent: system > 0 ? (used / system) * (cpu?.online_cpus ?? 1) * 100 : null,
    memoryBytes: memory?.usage === undefined ? null : memory.usage - cache,
  };
}
