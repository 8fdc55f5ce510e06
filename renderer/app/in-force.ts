import type { LabState } from "../../electron/contract/events.ts";
import type { FaultInForce } from "../../electron/contract/faults.ts";

export function faultsInForce(lab: LabState | undefined): FaultInForce[] {
  return lab === undefined ? [] : [...lab.stack.services, ...lab.stack.links].flatMap(({ faults }) => faults);
}

/** Faults that are in force though their run is over: nothing but a person will have them put back. */
export function leftBroken(lab: LabState | undefined): FaultInForce[] {
  if (lab?.queue.active.some(({ state }) => state === "running")) return [];
  return faultsInForce(lab).filter(({ isManual }) => !isManual);
}

/** What is broken and is no fault of the lab's, in words. */
export function damageOf(lab: LabState | undefined): string[] {
  return lab?.stack.damage.map(({ what }) => what) ?? [];
}

/** Why nothing of what is in force can be undone now, if so. */
export function whyNoUndo(lab: LabState | undefined): string | undefined {
  const faults = faultsInForce(lab);
  if (damageOf(lab).length > 0) return undefined;
  if (faults.length === 0) return "No fault is in force: there is nothing to undo";
  const isOn = (runId: string) => lab?.queue.active.some((run) => run.runId === runId && run.state === "running");
  if (!faults.every(({ runId }) => isOn(runId))) return undefined;
  return "The run that is on has broken this, and puts it back at its end: cancel the run, or halt, to have that now";
}

export function inWords(faults: readonly FaultInForce[]): string {
  return faults.map(({ kind, target }) => `${kind} ${target}`).join(", ");
}
