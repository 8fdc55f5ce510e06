import type { LifecycleFault } from "../../model/lifecycle-fault.ts";
import type { Baseline } from "../journal/baseline.ts";
import { isSameInstance, type ServiceIdentity } from "../journal/service-identity.ts";
import { LabError } from "../lab-error.ts";
import type { ServiceState, StackDriver } from "../stacks/driver.ts";
import { entranceOf, isProxied, type Link, type Stack, serviceNamed } from "../stacks/stack-file.ts";
import { describeSharing, type Sharer } from "../stacks/surroundings.ts";

/** How one kind of fault is applied and undone, and the texts that describe both. */
export interface FaultKind {
  effect: string;
  undo: string;
  /** Drivers that support it; a kind is neither offered nor planned on any other. */
  drivers: readonly StackDriver["kind"][];
  /** Also applied to a paused service, which the undo then pauses again. */
  fromPaused: boolean;
  /** @param container one of several of the service; without it all */
  apply(driver: StackDriver, service: string, container?: string): Promise<void>;
  /** True while the target is in the state that the fault caused; any other state was caused by someone else. */
  isInForce(state: ServiceState): boolean;
  /**
   * @param broken the instance that the fault targeted
   * @param before the baseline journaled with the fault
   */
  revert(
    driver: StackDriver,
    service: string,
    broken: ServiceIdentity,
    before: Baseline | undefined,
    container?: string,
  ): Promise<void>;
}

/**
 * The instance to be stopped may still run, because the lab died before it sent the request or because the instance is
 * shutting down. The two cannot be told apart, and an instance that is shutting down would be reported healthy and then
 * exit. So it is stopped first, then started.
 */
const stopAndStart: FaultKind["revert"] = async (driver, service, broken, _before, container) => {
  const state = await driver.stateOf(service, container);
  if (state.is === "running" && isSameInstance(state.identity, broken)) await driver.stop(service, container);
  await driver.start(service, container);
};
const isStopped = (state: ServiceState) => state.is === "stopped";
const EVERY_DRIVER = ["process", "docker"] as const;

export const FAULT_KINDS: Record<LifecycleFault, FaultKind> = {
  stop: {
    effect: "stopped",
    undo: "start",
    drivers: EVERY_DRIVER,
    fromPaused: true,
    apply: (driver, service, container) => driver.stop(service, container),
    isInForce: isStopped,
    revert: stopAndStart,
  },
  kill: {
    effect: "killed (SIGKILL)",
    undo: "start",
    drivers: EVERY_DRIVER,
    fromPaused: true,
    apply: (driver, service, container) => driver.kill(service, container),
    isInForce: isStopped,
    revert: stopAndStart,
  },
  pause: {
    effect: "paused (frozen, connections stay open)",
    undo: "resume",
    drivers: EVERY_DRIVER,
    fromPaused: false,
    apply: (driver, service, container) => driver.pause(service, container),
    isInForce: (state) => state.is === "paused",
    revert: (driver, service, _broken, _before, container) => driver.resume(service, container),
  },
  disconnect: {
    effect: "disconnected from every network",
    undo: "connect it again, as it was connected",
    drivers: ["docker"],
    fromPaused: false,
    apply: (driver, service, container) => driver.disconnect(service, container),
    isInForce: (state) => state.is === "running" && state.isIsolated === true,
    revert: (driver, service, _broken, before, container) => driver.reconnect(service, before, container),
  },
  restart: {
    effect: "restarted",
    undo: "start, if it is not running",
    drivers: EVERY_DRIVER,
    fromPaused: false,
    async apply(driver, service, container) {
      await driver.stop(service, container);
      await driver.start(service, container);
    },
    isInForce: () => true,
    revert: stopAndStart,
  },
};

/** @throws LabError `unsupported` for a fault that this driver does not support, and for any on what runs elsewhere */
export function assertSupported(kind: LifecycleFault, target: string, stack: Stack, driver: StackDriver["kind"]): void {
  const { runsAt } = serviceNamed(stack, target);
  if (runsAt !== undefined) {
    throw new LabError("unsupported", `${kind} ${target} cannot be done: it runs elsewhere, at ${runsAt}`, {
      hint: `break the link to it instead: ${entranceOf(stack, target)?.name ?? "none is declared"}`,
    });
  }
  const { drivers } = FAULT_KINDS[kind];
  if (drivers.includes(driver)) return;
  throw new LabError("unsupported", `${kind} ${target} cannot be done on the ${driver} driver`, {
    hint: {
      terminal: `run it with --driver ${drivers.join(" or ")}, or use another fault, such as down on a link`,
      window: "use another fault, such as down on a link",
    },
  });
}

/** What a fault does and how it is undone, including the services that go down with its target. */
export function describeFault(
  kind: LifecycleFault,
  sharers: readonly Sharer[] = [],
): Pick<FaultKind, "effect" | "undo"> {
  const { effect, undo } = FAULT_KINDS[kind];
  if (sharers.length === 0) return { effect, undo };
  const others = sharers.map(describeSharing).join(", ");
  // A disconnected container keeps its namespace; services that share it are reconnected together with it.
  if (kind === "disconnect") return { effect: `${effect}, and with it ${others}`, undo };
  return { effect: `${effect}, which cuts off ${others}`, undo: `${undo}, then restart ${others}` };
}

/** Why a link without `listen` and `upstream` cannot be broken. */
export function noSidecars(fault: string, driver: string): LabError {
  return new LabError(
    "unsupported",
    `${fault} cannot be done on the ${driver} driver: no fault proxy carries the link`,
    {
      hint: {
        terminal: "use --driver docker, or give the link listen and upstream and the stack a fault proxy",
        window: "open the stack on Docker, on the Stacks page",
      },
    },
  );
}

/**
 * How a fault on a link is undone, as a text.
 * @param owner the service whose network namespace the caller lives in
 */
export function undoOfLink(kind: string, link: Link, owner = link.from): string {
  const undo =
    kind === "down" ? "open the link" : kind === "observe" ? "end the reading" : "take the fault off the link";
  if (isProxied(link)) return undo;
  const where =
    link.by === "hosts" ? `the line in ${link.from}'s hosts file` : `the rules in ${owner}'s network namespace`;
  return `${undo}, and remove its sidecar and ${where}`;
}
