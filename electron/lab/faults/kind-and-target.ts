import { LabError } from "../lab-error.ts";
import { type FaultSpec, LIFECYCLE_FAULTS, type LifecycleFault } from "../scenarios/schema.ts";

/** `{stop: "mock-slack"}` as its two parts. */
export function kindAndTarget(spec: FaultSpec): { kind: LifecycleFault; target: string } {
  for (const kind of LIFECYCLE_FAULTS) {
    const target = (spec as Partial<Record<LifecycleFault, string>>)[kind];
    if (target !== undefined) return { kind, target };
  }
  throw new LabError("internal", `a fault of no known kind: ${JSON.stringify(spec)}`);
}
