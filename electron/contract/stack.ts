import { z } from "zod";
import { healthStatus } from "../model/lab-event.ts";
import { LAB_ERROR_CODES } from "./error-codes.ts";
import { faultInForce, faultKind } from "./faults.ts";
import { composing } from "./stacks.ts";

export const serviceStatus = z.object({
  name: z.string(),
  /** gateway, mcp-server, approval-channel, audit-log, agent, fault-proxy or other. */
  role: z.string(),
  /** State of its process or container; `absent`: its container was removed. */
  state: z.enum(["running", "paused", "stopped", "absent", "starting", "unknown"]),
  /** Result of its probe. */
  health: healthStatus,
  /** Reason for that health, as text. */
  reason: z.string(),
  latencyMs: z.number().nullable(),
  /** host:port, null while it has none. */
  address: z.string().nullable(),
  /** How many containers it runs in; 1 for a process, 0 while that is unknown. */
  replicas: z.int(),
  /** How many of those run as they should. */
  running: z.int(),
  faults: z.array(faultInForce),
});
export type ServiceStatus = z.infer<typeof serviceStatus>;

export const linkStatus = z.object({
  name: z.string(),
  from: z.string(),
  to: z.string(),
  /** The URL on this machine by which callers outside the stack use the link; null for a link between services. */
  address: z.string().nullable(),
  faults: z.array(faultInForce),
});
export type LinkStatus = z.infer<typeof linkStatus>;

/** An image of the lab's own that is being built, which something waits for. */
export const imageBuild = z.object({ step: z.string() });
export type ImageBuild = z.infer<typeof imageBuild>;

export const stackStatus = z.object({
  /** `failed`: it could not be brought up; `error` has the reason, and nothing of it is left running. */
  state: z.enum(["down", "starting", "up", "stopping", "failed"]),
  project: z.string(),
  driver: z.enum(["process", "docker"]),
  /** Someone else has brought it up: it is broken and restored, and left up as it was found. */
  isAttached: z.boolean(),
  /** The URL of the gateway that the stack was made for. */
  gateway: z.string().nullable(),
  /** In start order; known also while the stack is down, for the map. */
  services: z.array(serviceStatus),
  links: z.array(linkStatus),
  /**
   * Damage that no fault in the journal explains: toxics, closed links, services that are not running. Empty while a run
   * is in progress, which checks for itself. `undo` restores it.
   */
  damage: z.array(z.object({ target: z.string(), what: z.string() })),
  protections: z.object({
    known: z.array(z.string()),
    /** Off now. A run's own choice is reverted after it. */
    off: z.array(z.string()),
  }),
  /** Every kind of fault that can be applied here. */
  faultKinds: z.array(faultKind),
  /** Calls on its links are read for the map. */
  isListening: z.boolean(),
  building: imageBuild.nullable(),
  /** Null while no compose tool is at work for the lab. */
  composing: composing.nullable(),
  /** Stays up when the lab ends. */
  kept: z.boolean(),
  error: z.object({ code: z.enum(LAB_ERROR_CODES), message: z.string(), hint: z.string().nullable() }).nullable(),
});
export type StackStatus = z.infer<typeof stackStatus>;

/** Calls on a link since the map began to listen. */
export const linkTraffic = z.object({
  link: z.string(),
  /** Begun in the last ten seconds. */
  perSecond: z.number(),
  calls: z.int(),
  errors: z.int(),
  /** The last one that ended: its method and tool, else its request line; why it failed. */
  last: z
    .object({
      what: z.string(),
      error: z.string().nullable(),
      status: z.int().nullable(),
      wallMs: z.number(),
      durationMs: z.number(),
    })
    .nullable(),
});
export type LinkTraffic = z.infer<typeof linkTraffic>;

export const listenRequest = z.strictObject({ on: z.boolean() });

const name = z.string().min(1).max(200);

/** Intent only: names are looked up in the stack and in the fault catalogue, and refused when unknown. */
export const faultRequest = z.strictObject({
  kind: name,
  /** A service or a link of the stack. */
  target: name,
  /** Attributes of the fault's kind, as a scenario writes them; omitted ones have their default. */
  attributes: z.record(name, z.union([z.string().max(500), z.number()])).optional(),
  /** Undone automatically after this time; by default after ten minutes. */
  forMs: z.int().min(100).max(3_600_000).optional(),
});
export type FaultRequest = z.infer<typeof faultRequest>;

export const targetRequest = z.strictObject({
  /** A service, a link, or `all`. */
  target: name,
});
export const serviceRequest = z.strictObject({ service: name });

/** A process or a container of a service. */
export const serviceInstance = z.object({
  name: z.string(),
  /** The image, or the command of a process. */
  program: z.string(),
  /** The engine's or the system's word. */
  state: z.string(),
  startedWallMs: z.number().nullable(),
  /** By its restart policy; null for a process. */
  restarts: z.int().nullable(),
  ports: z.array(z.string()),
  networks: z.array(z.object({ name: z.string(), address: z.string() })),
  /** Of one processor; null where nothing says it. */
  cpuPercent: z.number().nullable(),
  memoryBytes: z.number().nullable(),
});
export type ServiceInstance = z.infer<typeof serviceInstance>;

export const serviceLogRequest = z.strictObject({
  service: name,
  /** The last line that is known; null for the first request, which answers at once. */
  after: z.int().nonnegative().nullable(),
});
export type ServiceLogRequest = z.infer<typeof serviceLogRequest>;

export const serviceLogPage = z.object({
  lines: z.array(z.object({ seq: z.int(), stream: z.enum(["stdout", "stderr"]), line: z.string() })),
  last: z.int(),
  /** Older lines that are no longer kept. */
  dropped: z.int(),
});
export type ServiceLogPage = z.infer<typeof serviceLogPage>;
