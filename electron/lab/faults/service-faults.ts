import { z } from "zod";
import { duration } from "../documents/duration-field.ts";

const service = z.string().min(1).describe("a service of the stack file, by its name or as role:ROLE");
/** Of a service in several containers, which of them. */
export type ReplicaChoice = "one" | "all";
const which = {
  replicas: z
    .enum(["one", "all"])
    .optional()
    .describe("of a service in several containers: the first that runs, or all of them (default)"),
};
const lifetime = { for: duration.optional().describe("undone by itself after this time (default: 10 minutes)") };

export const serviceFault = z.union([
  z.strictObject({ stop: service, ...which, ...lifetime }),
  z.strictObject({ kill: service, ...which, ...lifetime }),
  z.strictObject({ pause: service, ...which, ...lifetime }),
  z.strictObject({ disconnect: service.describe("a service of a stack on Docker"), ...which, ...lifetime }),
  z.strictObject({ restart: service, ...which }),
]);
export type ServiceFaultSpec = z.output<typeof serviceFault>;
