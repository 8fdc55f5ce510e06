import type { Baseline } from "../journal/baseline.ts";
import type { ServiceIdentity } from "../journal/service-identity.ts";
import type { LinkSidecars } from "./link-sidecars.ts";
import type { Surroundings } from "./surroundings.ts";

export type ServiceState =
  /** `isIsolated`: cut off from every network. */
  | { is: "running"; identity: ServiceIdentity; isIsolated?: true }
  | { is: "paused"; identity: ServiceIdentity }
  /**
   * `identity` is the instance that ended, where that is known: a container keeps it, a process does not. `isComingBack`: the
   * engine is about to start it again, by its restart policy.
   */
  | { is: "stopped"; identity?: ServiceIdentity; isComingBack?: true }
  /** Its container was removed. */
  | { is: "absent" };

/** One of the containers of a service. */
export interface ReplicaState {
  state: ServiceState;
  /** For a person, such as `shop-api-2`; the service's own for one that is no container. */
  name: string;
}

/**
 * What breaks and repairs services. Every call acts on the real thing and returns when the real thing has changed. Where a
 * service runs in several containers a call is about all of them, or about the one with the id that is given.
 */
export interface StackDriver {
  readonly kind: "process" | "docker";
  /** Absent where services share nothing, and nothing around them is lost with them. */
  readonly surroundings?: Surroundings;
  /** Absent where services have no network namespaces: then only links through a declared fault proxy can be broken. */
  readonly sidecars?: LinkSidecars;
  /** What is true now, asked of the system and not remembered. Of several containers, the first that does not run. */
  stateOf(service: string, container?: string): Promise<ServiceState>;
  /** Each container of a service by itself, in their order; none for one that has no container. */
  replicas(service: string): Promise<ReplicaState[]>;
  /** Starts a stopped service. Does not wait for its health. */
  start(service: string, container?: string): Promise<void>;
  /** The service's stop signal, then SIGKILL after its grace period. */
  stop(service: string, container?: string): Promise<void>;
  kill(service: string, container?: string): Promise<void>;
  pause(service: string, container?: string): Promise<void>;
  resume(service: string, container?: string): Promise<void>;
  /** Takes the service off every network. @throws LabError `unsupported` where services have no network of their own */
  disconnect(service: string, container?: string): Promise<void>;
  /** Restores the networks that it was on, as it was on them. @param before what was journaled with the fault */
  reconnect(service: string, before: Baseline | undefined, container?: string): Promise<void>;
}
