import { z } from "zod";
import { LIFECYCLE_FAULTS } from "../../model/lifecycle-fault.ts";
import { LINK_FAULT_SCHEMAS, LINK_FAULTS, type LinkFaultSpec } from "./link-faults.ts";
import { type ServiceFaultSpec, serviceFault } from "./service-faults.ts";

/** A fault as a scenario or a person requests it: one kind, its target and its attributes. */
export type FaultSpec = ServiceFaultSpec | LinkFaultSpec;
export const faultSpec: z.ZodType<FaultSpec> = z.union([...serviceFault.options, ...LINK_FAULT_SCHEMAS], {
  error: `a fault needs exactly one of: ${[...LIFECYCLE_FAULTS, ...LINK_FAULTS].join(", ")}`,
});
