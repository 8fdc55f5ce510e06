import type { LifecycleFault } from "../scenarios/schema.ts";
import type { ServiceState, StackDriver } from "../stack/driver.ts";

/** How one kind of fault is applied, how it is undone, and what each does, in words for a person. */
export interface FaultKind {
  effect: string;
  undo: string;
  apply(driver: StackDriver, service: string): Promise<void>;
  /** True while the state of the target is what the fault made of it; anything else was done by someone else. */
  isInForce(state: ServiceState): boolean;
  revert(driver: StackDriver, service: string): Promise<void>;
}

const start = (driver: StackDriver, service: string) => driver.start(service);
const isStopped = (state: ServiceState) => state.is === "stopped";

export const FAULT_KINDS: Record<LifecycleFault, FaultKind> = {
  stop: {
    effect: "stopped",
    undo: "start",
    apply: (driver, service) => driver.stop(service),
    isInForce: isStopped,
    revert: start,
  },
  kill: {
    effect: "killed (SIGKILL)",
    undo: "start",
    apply: (driver, service) => driver.kill(service),
    isInForce: isStopped,
    revert: start,
  },
  pause: {
    effect: "paused (frozen, connections stay open)",
    undo: "resume",
    apply: (driver, service) => driver.pause(service),
    isInForce: (state) => state.is === "paused",
    revert: (driver, service) => driver.resume(service),
  },
  restart: {
    effect: "restarted",
    undo: "start, if it is not running",
    async apply(driver, service) {
      await driver.stop(service);
      await driver.start(service);
    },
    isInForce: () => true,
    revert: start,
  },
};
