import { z } from "zod";
import { DECISIONS, healthStatus } from "../../model/lab-event.ts";

/** Fields that steps and checks share. */
export const name = z.string().min(1);
export const service = name.describe("a service of the stack file, by its name or as role:ROLE");
export const tool = name.describe("a tool's name");
export const calledTool = name.describe(
  "a tool's name, or any:read-only for one that the gateway lists as read-only and that needs no argument",
);
export const decision = z.enum(DECISIONS);
export const json = z.record(z.string(), z.json());
export const serviceIs = z.strictObject({ service, is: healthStatus }).describe("the health that a probe reports");

export const path = z.string().startsWith("/");
