import type { ProbeResult } from "../health/probe.ts";
import type { JournaledFault } from "../journal/fault-journal.ts";
import type { ServiceIdentity } from "../journal/service-identity.ts";
import type { StackDriver } from "../stacks/driver.ts";

/** What an undo needs of a stack: its driver, and a way to wait until a service is healthy. */
export interface UndoTarget {
  driver: StackDriver;
  /** @param accepts called with each result of the service's probe from now on; returns true when it is enough */
  waitUntilUp(service: string, signal: AbortSignal, accepts: (result: ProbeResult) => boolean): Promise<void>;
  /** True while another fault of this lab keeps a link closed. */
  isKeptClosed?(link: string): boolean;
  /** Faults of this lab that are in force now, with or without this one. */
  inForce?(): readonly JournaledFault[];
  /** Called with an instance that this undo started and that has exited again: nobody else caused that. */
  onExitedAgain?(fault: JournaledFault, instance: ServiceIdentity): void;
  /** Called with the new instance of a service before it is paused again, as it was before the fault. */
  onPausingAgain?(fault: JournaledFault, instance: ServiceIdentity): void;
}
