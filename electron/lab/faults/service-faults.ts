import { z } from "zod";
import { duration } from "../documents/duration-field.ts";

const service = z.string().min(1).describe("a service of the stack file");
const lifetime = { for: duration.optional().describe("undone by itself after this time (default: 10 minutes)") };

export const serviceFault = z.union([
  z.strictObject({ stop: service, ...lifetime }),
  z.strictObject({ kill: service, ...lifetime }),
  z.strictObject({ pause: service, ...lifetime }),
  z.strictObject({ disconnect: service.describe("a service of a stack on Docker"), ...lifetime }),
  z.strictObject({ restart: service }),
]);
export type ServiceFaultSpec = z.output<typeof serviceFault>;
