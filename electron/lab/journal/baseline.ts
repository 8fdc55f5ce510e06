/**
 * What the system said of a service, and of those that share its namespaces, before it was broken. It is journaled with
 * the fault, so that any process can restore and compare.
 */
export interface Baseline {
  /** The service itself, then those that live in its namespaces, each after the one that it depends on. */
  containers: readonly ContainerBaseline[];
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

/** A namespace of another container in which this one lives. It is lost when that one ends, and not given back by its start. */
export interface Sharing {
  namespace: "network" | "processes" | "IPC";
  /** The service whose namespace it is. */
  with: string;
  id: string;
  /** The life of that one at the time. */
  startedAt: string;
}

/** How a container is connected to one network: what the engine has to be told again, as it takes it. */
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
