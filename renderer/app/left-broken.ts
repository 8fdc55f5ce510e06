import type { LabState } from "../../electron/contract/events.ts";
import type { FaultInForce } from "../../electron/contract/faults.ts";

/** Faults that are in force though their run is over: nothing but a person will have them put back. */
export function leftBroken(lab: LabState | undefined): FaultInForce[] {
  if (lab === undefined || lab.queue.active.some(({ state }) => state === "running")) return [];
  return [...lab.stack.services, ...lab.stack.links].flatMap(({ faults }) => faults).filter(({ byHand }) => !byHand);
}
