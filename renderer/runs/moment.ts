import type { FaultView, RunView, StepView } from "../../electron/model/fold.ts";
import type { HealthStatus, Phase } from "../../electron/model/lab-event.ts";

/** What a run was about at one moment, in a few words. */
export interface Moment {
  phase: Phase | undefined;
  steps: readonly StepView[];
  health: readonly { service: string; status: HealthStatus; reason: string }[];
  faults: readonly FaultView[];
  waiting: number;
}

export function momentOf(view: RunView): Moment {
  const services = view.started?.services.map(({ name }) => name) ?? Object.keys(view.health);
  return {
    phase: view.ended === undefined ? view.phases.at(-1)?.phase : undefined,
    steps: view.steps.filter(({ endMs }) => endMs === undefined),
    health: services.map((service) => {
      const last = view.health[service]?.at(-1);
      return { service, status: last?.to ?? "unknown", reason: last?.reason ?? "not looked at yet" };
    }),
    faults: faultsInForceAt(view.faults, view.lastMs),
    waiting: view.approvals.filter(({ endMs }) => endMs === undefined).length,
  };
}

/** From its intent on: a service that is being stopped is down before the fault is known to have been applied. */
export function faultsInForceAt(faults: readonly FaultView[], ms: number): FaultView[] {
  return faults.filter(
    ({ intendedMs, undoneMs, result }) =>
      result !== "refused" && intendedMs <= ms && (undoneMs === undefined || undoneMs > ms),
  );
}
