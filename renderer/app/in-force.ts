import type { LabState } from "../../electron/contract/events.ts";
import type { FaultInForce } from "../../electron/contract/faults.ts";

export function faultsInForce(lab: LabState | undefined): FaultInForce[] {
  return lab === undefined ? [] : [...lab.stack.services, ...lab.stack.links].flatMap(({ faults }) => faults);
}

/** Faults that are in force though their run is over: nothing but a person will have them put back. */
export function leftBroken(lab: LabState | undefined): FaultInForce[] {
  if (lab?.queue.active.some(({ state }) => state === "running")) return [];
  return faultsInForce(lab).filter(({ byHand }) => !byHand);
}

export function inWords(faults: readonly FaultInForce[]): string {
  return faults.map(({ kind, target }) => `${kind} ${target}`).join(", ");
}
