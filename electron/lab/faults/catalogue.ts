import type { LifecycleFault } from "../../model/lifecycle-fault.ts";
import type { Baseline } from "../journal/baseline.ts";
import { isSameInstance, type ServiceIdentity } from "../journal/service-identity.ts";
import { LabError } from "../lab-error.ts";
import type { ServiceState, StackDriver } from "../stacks/driver.ts";
import { describeSharing, type Sharer } from "../stacks/surroundings.ts";

/** How one kind of fault is applied, how it is undone, and what each does, in words for a person. */
export interface FaultKind {
  effect: string;
  undo: string;
  /** Drivers that can do it; a kind is neither offered nor planned on another. */
  drivers: readonly StackDriver["kind"][];
  /** Also applied to a service that is paused, which is then paused again by the undo. */
  fromPaused: boolean;
  apply(driver: StackDriver, service: string): Promise<void>;
  /** True while the state of the target is what the fault made of it; anything else was done by someone else. */
  isInForce(state: ServiceState): boolean;
  /**
   * @param broken the life that the fault was meant for
   * @param before what was journaled with the fault
   */
  revert(driver: StackDriver, service: string, broken: ServiceIdentity, before: Baseline | undefined): Promise<void>;
}

/**
 * The life that was to be stopped may still run because the lab died before it asked, or because it is on its way down:
 * the two look alike, and one that is on its way down would be found well and then end. So it is stopped, and then started.
 */
async function startAnew(driver: StackDriver, service: string, broken: ServiceIdentity): Promise<void> {
  const state = await driver.stateOf(service);
  if (state.is === "running" && isSameInstance(state.identity, broken)) await driver.stop(service);
  await driver.start(service);
}
const isStopped = (state: ServiceState) => state.is === "stopped";
const EVERY_DRIVER = ["process", "docker"] as const;

export const FAULT_KINDS: Record<LifecycleFault, FaultKind> = {
  stop: {
    effect: "stopped",
    undo: "start",
    drivers: EVERY_DRIVER,
    fromPaused: true,
    apply: (driver, service) => driver.stop(service),
    isInForce: isStopped,
    revert: startAnew,
  },
  kill: {
    effect: "killed (SIGKILL)",
    undo: "start",
    drivers: EVERY_DRIVER,
    fromPaused: true,
    apply: (driver, service) => driver.kill(service),
    isInForce: isStopped,
    revert: startAnew,
  },
  pause: {
    effect: "paused (frozen, connections stay open)",
    undo: "resume",
    drivers: EVERY_DRIVER,
    fromPaused: false,
    apply: (driver, service) => driver.pause(service),
    isInForce: (state) => state.is === "paused",
    revert: (driver, service) => driver.resume(service),
  },
  disconnect: {
    effect: "disconnected from every network",
    undo: "connect it again, as it was connected",
    drivers: ["docker"],
    fromPaused: false,
    apply: (driver, service) => driver.disconnect(service),
    isInForce: (state) => state.is === "running" && state.isIsolated === true,
    revert: (driver, service, _broken, before) => driver.reconnect(service, before),
  },
  restart: {
    effect: "restarted",
    undo: "start, if it is not running",
    drivers: EVERY_DRIVER,
    fromPaused: false,
    async apply(driver, service) {
      await driver.stop(service);
      await driver.start(service);
    },
    isInForce: () => true,
    revert: startAnew,
  },
};

/** @throws LabError `unsupported` for a fault that services of this driver cannot be given */
export function assertSupported(kind: LifecycleFault, target: string, driver: StackDriver["kind"]): void {
  const { drivers } = FAULT_KINDS[kind];
  if (drivers.includes(driver)) return;
  throw new LabError("unsupported", `${kind} ${target} cannot be done on the ${driver} driver`, {
    cure: `run it with --driver ${drivers.join(" or ")}, or use another fault, such as down on a link`,
  });
}

/** What a fault does and how it is undone, with those that go down with its target. */
export function describeFault(
  kind: LifecycleFault,
  sharers: readonly Sharer[] = [],
): Pick<FaultKind, "effect" | "undo"> {
  const { effect, undo } = FAULT_KINDS[kind];
  if (sharers.length === 0) return { effect, undo };
  const others = sharers.map(describeSharing).join(", ");
  // Off its networks a container keeps its namespace, and those in it are connected again together with it.
  if (kind === "disconnect") return { effect: `${effect}, and with it ${others}`, undo };
  return { effect: `${effect}, which cuts off ${others}`, undo: `${undo}, then restart ${others}` };
}
