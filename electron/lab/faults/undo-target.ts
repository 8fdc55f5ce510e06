import type { JournaledFault } from "../journal/fault-journal.ts";
import type { ServiceIdentity } from "../journal/service-identity.ts";
import type { StackDriver } from "../stacks/driver.ts";

/** What undoing needs of a stack: a driver, and someone who knows when a service is well. */
export interface UndoTarget {
  driver: StackDriver;
  waitUntilUp(service: string, signal: AbortSignal): Promise<void>;
  /** True while another fault of this lab keeps a link closed. */
  isHeldClosed?(link: string): boolean;
  /** Faults of this lab that are in force now, this one among them or not. */
  inForce?(): readonly JournaledFault[];
  /** Told of a life that this undo has begun and that has ended again: it is no one else's doing. */
  onExitedAgain?(fault: JournaledFault, life: ServiceIdentity): void;
  /** Told, before that is done, of the new life of a service that is to be paused again, as it was before the fault. */
  onPausingAgain?(fault: JournaledFault, life: ServiceIdentity): void;
}
