import type { LifecycleFault } from "../faults/service-faults.ts";

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

/** What a driver does about everything around a service that a fault on it also takes away. */
export interface Surroundings {
  /**
   * @param known baselines of faults that are in force: what they say of a container is from before it was broken
   * @throws LabError for a fault that could not be undone whole
   */
  observe(service: string, kind: LifecycleFault, known: readonly Baseline[]): Promise<Baseline>;
  /**
   * Restarts, in order, those whose shared namespace is another one than it was. Safe to repeat.
   * @param isHeld true for a service that another fault keeps broken: it is left alone
   * @returns the services that were restarted
   */
  restore(baseline: Baseline, isHeld: (service: string) => boolean): Promise<string[]>;
  /** What is not as it was, each in one sentence; a failing health check has some time to pass. */
  differences(baseline: Baseline, isHeld: (service: string) => boolean, signal: AbortSignal): Promise<string[]>;
}

/** A service that lives in namespaces of others. */
export type Sharer = Pick<ContainerBaseline, "service"> & { shares: readonly Pick<Sharing, "namespace" | "with">[] };

/** `side (shares web's network)` */
export function describeSharing({ service, shares }: Sharer): string {
  return `${service} (${shares.map((each) => `shares ${each.with}'s ${each.namespace}`).join(", ")})`;
}
