import { z } from "zod";
import { healthStatus } from "../model/lab-event.ts";
import { LAB_ERROR_CODES } from "./error-codes.ts";
import { faultInForce, faultKind } from "./faults.ts";

export const serviceStatus = z.object({
  name: z.string(),
  /** gateway, mcp-server, approval-channel, audit-log, agent, fault-proxy or other. */
  role: z.string(),
  /** What the system says of its process or container; `absent`: its container was removed. */
  state: z.enum(["running", "paused", "stopped", "absent", "starting", "unknown"]),
  /** What its probe says. */
  health: healthStatus,
  /** Why it has that health, in words. */
  reason: z.string(),
  latencyMs: z.number().nullable(),
  /** host:port, null while it has none. */
  address: z.string().nullable(),
  faults: z.array(faultInForce),
});
export type ServiceStatus = z.infer<typeof serviceStatus>;

export const linkStatus = z.object({
  name: z.string(),
  from: z.string(),
  to: z.string(),
  faults: z.array(faultInForce),
});
export type LinkStatus = z.infer<typeof linkStatus>;

export const stackStatus = z.object({
  /** `failed`: it could not be brought up; `error` says why, and nothing of it is left running. */
  state: z.enum(["down", "starting", "up", "stopping", "failed"]),
  project: z.string(),
  driver: z.enum(["process", "docker"]),
  /** In start order; known also while the stack is down, so that a map can be drawn. */
  services: z.array(serviceStatus),
  links: z.array(linkStatus),
  /**
   * What is broken and no fault of the journal accounts for: toxics, closed links, services that do not run. Empty while a
   * run is on, which looks for itself. `undo` restores it.
   */
  damage: z.array(z.object({ target: z.string(), what: z.string() })),
  protections: z.object({
    known: z.array(z.string()),
    /** Off right now. A run's own choice is put back after it. */
    off: z.array(z.string()),
  }),
  /** Every way to break something here. */
  faultKinds: z.array(faultKind),
  /** It stays up when the lab ends. */
  kept: z.boolean(),
  error: z.object({ code: z.enum(LAB_ERROR_CODES), message: z.string(), cure: z.string().nullable() }).nullable(),
});
export type StackStatus = z.infer<typeof stackStatus>;

const name = z.string().min(1).max(200);

/** Intent only: names are looked up in the stack and in the fault catalogue, and refused when they are not there. */
export const faultRequest = z.strictObject({
  kind: name,
  /** A service or a link of the stack. */
  target: name,
  /** By the attributes of the fault's kind, as a scenario writes them; what is left out has its default. */
  attributes: z.record(name, z.union([z.string().max(500), z.number()])).optional(),
  /** Undone by itself after this time; without it, after ten minutes. */
  forMs: z.int().min(100).max(3_600_000).optional(),
});
export type FaultRequest = z.infer<typeof faultRequest>;

export const targetRequest = z.strictObject({
  /** A service, a link, or `all`. */
  target: name,
});
export const serviceRequest = z.strictObject({ service: name });
