import { LIFECYCLE_FAULTS, type LifecycleFault } from "../../model/lifecycle-fault.ts";
import { LabError } from "../lab-error.ts";
import type { FaultSpec } from "./fault-spec.ts";
import { LINK_FAULTS, type LinkFaultKind, type LinkFaultSpec } from "./link-faults.ts";
import type { ReplicaChoice } from "./service-faults.ts";

export type RequestedFault =
  | { on: "service"; kind: LifecycleFault; target: string; forMs: number | undefined; replicas: ReplicaChoice }
  | { on: "link"; kind: LinkFaultKind; target: string; forMs: number | undefined; spec: LinkFaultSpec };

/** `{stop: "mock-slack"}` or `{latency: "gateway->payments-mcp", by: 500}` in its parts. */
export function requestedFault(spec: FaultSpec): RequestedFault {
  const fields = spec as LinkFaultSpec;
  const forMs = fields.for;
  for (const kind of LIFECYCLE_FAULTS) {
    const target = fields[kind];
    if (typeof target === "string") {
      return { on: "service", kind, target, forMs, replicas: fields.replicas === "one" ? "one" : "all" };
    }
  }
  for (const kind of [...LINK_FAULTS, "observe"] as const) {
    const target = fields[kind];
    if (typeof target === "string") return { on: "link", kind, target, forMs, spec: fields };
  }
  throw new LabError("internal", `a fault of no known kind: ${JSON.stringify(spec)}`);
}
