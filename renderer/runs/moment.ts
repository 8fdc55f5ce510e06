import type { HealthStatus, Phase } from "../../electron/model/lab-event.ts";
import { faultsInForce, healthOf, type RunView, servicesOf } from "../../electron/model/run-view.ts";
import { isOpen, type Span } from "../../electron/model/span.ts";

/** Summary of a run at one moment. */
export interface Moment {
  phase: Phase | undefined;
  steps: readonly Span<"step">[];
  health: readonly { service: string; status: HealthStatus; reason: string }[];
  faults: readonly Span<"fault">[];
  waiting: number;
}

export function momentOf(view: RunView): Moment {
  return {
    phase: view.ended === undefined ? view.phases.at(-1)?.attributes.phase : undefined,
    steps: view.steps.filter(isOpen),
    health: servicesOf(view).map((service) => {
      const last = healthOf(view, service);
      return { service, status: last?.status ?? "unknown", reason: last?.attributes.reason ?? "not checked yet" };
    }),
    faults: faultsInForce(view.faults, view.lastMs),
    waiting: view.approvals.filter(isOpen).length,
  };
}
