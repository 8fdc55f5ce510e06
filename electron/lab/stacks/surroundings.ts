import type { LifecycleFault } from "../../model/lifecycle-fault.ts";
import type { Baseline, ContainerBaseline, Sharing } from "../journal/baseline.ts";

/** What a driver does about everything around a service that a fault on it also takes away. */
export interface Surroundings {
  /**
   * @param containers the ids of those that the fault targets
   * @param known baselines of faults that are in force: what they say of a container is from before it was broken
   * @throws LabError for a fault that could not be undone whole
   */
  observe(
    service: string,
    kind: LifecycleFault,
    containers: readonly string[],
    known: readonly Baseline[],
  ): Promise<Baseline>;
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
