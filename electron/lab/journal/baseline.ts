/**
 * State of a service, and of those that share its namespaces, before a fault. Journaled with the fault, so that any
 * process can restore it and compare.
 */
export interface Baseline {
  /** The service itself, then those that share its namespaces, each after the one that it depends on. */
  containers: readonly ContainerBaseline[];
  /** How many of them are targets of the fault, the first ones; 1 when it is not said. */
  targets?: number;
}

/** Those that share namespaces with a target. */
export function sharersIn({ containers, targets = 1 }: Baseline): readonly ContainerBaseline[] {
  return containers.slice(targets);
}

export interface ContainerBaseline {
  id: string;
  service: string;
  state: "running" | "paused" | "stopped";
  /** Its own health check passed. */
  isHealthy: boolean;
  shares: readonly Sharing[];
  endpoints: readonly Endpoint[];
  /** {@link inspectionOf}: a value for each path. */
  inspection: Readonly<Record<string, unknown>>;
}

/** A namespace of another container that this one shares. Lost when that container ends; its restart does not restore it. */
export interface Sharing {
  namespace: "network" | "processes" | "IPC";
  /** The service whose namespace it is. */
  with: string;
  id: string;
  /** Start time of that container when the baseline was taken. */
  startedAt: string;
}

/** How a container is connected to one network, in the form in which the engine's API takes it. */
export interface Endpoint {
  /** Id or name. */
  network: string;
  config: {
    Aliases: readonly string[];
    Links?: readonly string[];
    IPAMConfig?: Readonly<Record<string, unknown>>;
    DriverOpts?: Readonly<Record<string, string>>;
    GwPriority?: number;
    MacAddress?: string;
  };
}
