import type { LabState } from "../../electron/contract/events.ts";
import type { FaultInForce } from "../../electron/contract/faults.ts";

export function faultsInForce(lab: LabState | undefined): FaultInForce[] {
  return lab === undefined ? [] : [...lab.stack.services, ...lab.stack.links].flatMap(({ faults }) => faults);
}

/** Faults still in force after their run: only a person can undo them. */
export function leftBroken(lab: LabState | undefined): FaultInForce[] {
  if (lab?.queue.active.some(({ state }) => state === "running")) return [];
  return faultsInForce(lab).filter(({ isManual }) => !isManual);
}

/** Damage that was not caused by a fault of the lab, as text. */
export function damageOf(lab: LabState | undefined): string[] {
  return lab?.stack.damage.map(({ what }) => what) ?? [];
}

/** Whether nothing can restore the damage but a new stack: containers were removed. */
export function needsNewStack(lab: LabState | undefined): boolean {
  if (lab === undefined || lab.stack.damage.length === 0) return false;
  const absent = lab.stack.services.filter(({ state }) => state === "absent").map(({ name }) => name);
  return lab.stack.damage.every(({ target }) => absent.includes(target));
}

/** Why nothing can be undone now; undefined when something can. */
export function whyNoUndo(lab: LabState | undefined): string | undefined {
  const faults = faultsInForce(lab);
  if (faults.length === 0 && needsNewStack(lab)) return "A removed container cannot be restored: take the stack down";
  if (damageOf(lab).length > 0) return undefined;
  if (faults.length === 0) return "No fault is in force";
  const isOn = (runId: string | null) =>
    lab?.queue.active.some((run) => run.runId === runId && run.state === "running");
  if (!faults.every(({ runId }) => isOn(runId))) return undefined;
  return "The run in progress undoes its faults at its end. Cancel the run or halt to undo them now";
}

export function faultList(faults: readonly FaultInForce[]): string {
  return faults.map(({ kind, target }) => `${kind} ${target}`).join(", ");
}
