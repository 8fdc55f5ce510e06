import { z } from "zod";
import { OUTCOMES } from "./outcomes.ts";

export { OUTCOMES, type Outcome } from "./outcomes.ts";

/**
 * Everything that happens in a run. The log of these events is the single source of truth: the window, the terminal, the
 * reports and an imported bundle show what the run model derives from it.
 *
 * `seq` starts at 1 and has no gaps within a run. `atMs` is monotonic, in milliseconds since the run began; `wallMs` is
 * the machine's clock, in milliseconds since the epoch, and may jump.
 */
const envelope = { runId: z.string(), seq: z.int().positive(), atMs: z.number(), wallMs: z.number() };

export const HEALTH_STATUSES = ["up", "degraded", "down", "unknown"] as const;
export const healthStatus = z.enum(HEALTH_STATUSES);
export type HealthStatus = z.infer<typeof healthStatus>;

export const PHASES = ["prepare", "steady state", "method", "checks", "rollback", "steady state after"] as const;
export type Phase = (typeof PHASES)[number];

/** The gateway's decisions, spelled as in the audit log. */
export const DECISIONS = [
  "allow",
  "deny",
  "redact",
  "approvalRequired",
  "approved",
  "denied",
  "expired",
  "budgetExceeded",
  "upstream_error",
] as const;
export type Decision = (typeof DECISIONS)[number];

/**
 * How a call ended, as recorded by the gateway. `tool_error`: the tool, or the server in front of it, answered with an
 * error. `refused`: the gateway did not forward it. `cancelled`: the caller stopped waiting. `busy`: another turn, or too
 * many calls, occupied the session.
 */
export const CALL_OUTCOMES = [
  "ok",
  "tool_error",
  "upstream_error",
  "refused",
  "cancelled",
  "busy",
  "unknown_tool",
] as const;
export type CallOutcome = (typeof CALL_OUTCOMES)[number];

/**
 * How an exchange on a link ended. `error`: an HTTP or JSON-RPC error, a tool's own error, or no whole reply. `unknown`: its
 * JSON-RPC answer was not seen.
 */
export const WIRE_OUTCOMES = ["open", "ok", "error", "unknown"] as const;
export type WireOutcome = (typeof WIRE_OUTCOMES)[number];

const targetedContainers = z.object({ targeted: z.int(), of: z.int() });
export type TargetedContainers = z.infer<typeof targetedContainers>;

/** Result of undoing a fault. `refused`: it was never in force, because the driver or the proxy refused it. */
export const UNDO_RESULTS = ["restored", "not restored", "changed by someone else", "refused"] as const;
export type UndoResult = (typeof UNDO_RESULTS)[number];

const event = <Type extends string, Shape extends z.ZodRawShape>(type: Type, shape: Shape) =>
  z.object({ ...envelope, type: z.literal(type), ...shape });

export const labEvent = z.discriminatedUnion("type", [
  event("run.started", {
    /** Version of the events of this log; see upgrade.ts. */
    eventVersion: z.int().positive(),
    scenario: z.object({
      id: z.string(),
      title: z.string(),
      summary: z.string().optional(),
      /** For an audience: before the first step, and once the run has passed. */
      opening: z.string().optional(),
      closing: z.string().optional(),
      patterns: z.array(z.string()),
    }),
    driver: z.enum(["process", "docker"]),
    /** Where the containers ran; starts with REMOTE for another machine. */
    engine: z.string().optional(),
    without: z.array(z.string()),
    services: z.array(z.object({ name: z.string(), role: z.string() })),
    /** Names of the stack's links, "caller->callee"; absent from older runs. */
    links: z.array(z.string()).optional(),
    /** Which service stood for each role that the scenario names. */
    roles: z.record(z.string(), z.string()).optional(),
    /** Where its decisions are read, if not in the table of an audit-log service. */
    decisionsFrom: z.string().optional(),
    /** Name of the stack's compose project; absent from older runs. */
    project: z.string().optional(),
    labVersion: z.string(),
    /** Not redacted, as requested. */
    raw: z.literal(true).optional(),
    /** It waited before its steps, see the steps of the kind `pause`. */
    paced: z.literal(true).optional(),
  }),
  event("phase.started", { phase: z.enum(PHASES) }),
  event("step.started", {
    step: z.string(),
    kind: z.string(),
    label: z.string(),
    /** For an audience. */
    say: z.string().optional(),
    background: z.boolean(),
    /** Of a manual session: the step as a scenario would write it. */
    written: z.record(z.string(), z.unknown()).optional(),
  }),
  event("step.ended", {
    step: z.string(),
    outcome: z.enum(["ok", "failed", "cancelled"]),
    error: z.string().optional(),
    output: z.unknown().optional(),
  }),
  event("health.changed", {
    service: z.string(),
    from: healthStatus,
    to: healthStatus,
    reason: z.string(),
    latencyMs: z.number().optional(),
  }),
  event("service.log", { service: z.string(), stream: z.enum(["stdout", "stderr"]), line: z.string() }),
  event("service.logs-dropped", { service: z.string(), lines: z.int() }),
  event("fault.intended", {
    fault: z.string(),
    kind: z.string(),
    target: z.string(),
    undo: z.string(),
    expiresWallMs: z.number(),
    /** Of a service that runs in several containers: how many of them it targets. */
    containers: targetedContainers.optional(),
  }),
  event("fault.applied", { fault: z.string(), detail: z.string() }),
  event("fault.hit", {
    fault: z.string(),
    link: z.string(),
    effect: z.string(),
    method: z.string().optional(),
    tool: z.string().optional(),
    /** The MCP session of the request, if it has one. */
    session: z.string().optional(),
    /** From the request's trace context, if any. */
    traceId: z.string().optional(),
  }),
  event("fault.undone", {
    fault: z.string(),
    result: z.enum(UNDO_RESULTS),
    detail: z.string(),
    /** Number of requests that met it, where the fault proxy counts them. */
    hits: z.int().optional(),
  }),
  event("call.decided", {
    rowId: z.string(),
    callId: z.string(),
    sessionId: z.string(),
    turnId: z.string(),
    tool: z.string(),
    arguments: z.unknown(),
    decision: z.enum(DECISIONS),
    reason: z.string(),
    backend: z.string(),
    decidedWallMs: z.number(),
    durationMs: z.number(),
    traceId: z.string(),
    spanId: z.string(),
    /**
     * The call lasts until its `call.ended`, whatever was decided. Absent where none follows: for a gateway without a
     * record of ends, for a call during which the gateway was killed, and in logs of older labs.
     */
    awaitsEnd: z.literal(true).optional(),
  }),
  /** Once per call, by the gateway's clock. Absent for gateways without such a record and in logs of older labs. */
  event("call.ended", {
    callId: z.string(),
    sessionId: z.string(),
    turnId: z.string(),
    /** As sent by the caller; empty for a call without a tool name. */
    tool: z.string(),
    /** Empty when no server has the tool. */
    backend: z.string(),
    startedWallMs: z.number(),
    endedWallMs: z.number(),
    outcome: z.enum(CALL_OUTCOMES),
    /** How often the call was sent to the backend. */
    attempts: z.int(),
    requestBytes: z.int(),
    /** 0 when there was no reply. */
    replyBytes: z.int(),
    error: z.string().optional(),
    traceId: z.string(),
    spanId: z.string(),
  }),
  /**
   * An HTTP exchange on a link, as its caller saw it and the fault proxy read it. One that is open for long has an event
   * before its end, too; both have the same `call`.
   */
  event("wire.call", {
    call: z.string(),
    link: z.string(),
    /** Method and path, such as `POST /mcp`. */
    http: z.string(),
    method: z.string().optional(),
    tool: z.string().optional(),
    jsonrpcId: z.union([z.string(), z.number()]).optional(),
    session: z.string().optional(),
    traceId: z.string().optional(),
    /** The span that its caller named as its own. */
    spanId: z.string().optional(),
    startedWallMs: z.number(),
    /** Milliseconds after its start. */
    firstByteMs: z.number().optional(),
    /** Absent while it is open. */
    endedWallMs: z.number().optional(),
    status: z.int().optional(),
    outcome: z.enum(WIRE_OUTCOMES),
    error: z.string().optional(),
    requestBytes: z.int(),
    replyBytes: z.int(),
    /** Events of its reply, where that is a stream. */
    events: z.int().optional(),
    /** Ids of the faults that it met. */
    faults: z.array(z.string()),
    /** It is one of the calls that checks count: on a stack without a record of decisions. */
    isCounted: z.literal(true).optional(),
    /** The beginnings of its bodies, where the scenario asked for them. */
    requestBody: z.unknown().optional(),
    replyBody: z.unknown().optional(),
  }),
  /** Exchanges of which nothing else is in the log, because they were too many. */
  event("wire.calls-dropped", { link: z.string(), calls: z.int() }),
  /** A gateway's view of a server behind it has changed, as the gateway records it. */
  event("backend.changed", {
    /** As the gateway names the server. */
    backend: z.string(),
    what: z.enum(["health", "circuit"]),
    from: z.string(),
    to: z.string(),
    reason: z.string(),
    /** By the gateway's clock. */
    changedWallMs: z.number(),
  }),
  event("check.evaluated", {
    check: z.string(),
    passed: z.boolean(),
    /** Why the check is inconclusive, if it is; `passed` is false then. */
    inconclusive: z.string().optional(),
    expected: z.string(),
    observed: z.string(),
  }),
  event("warning", { code: z.string(), message: z.string() }),
  event("run.ended", { outcome: z.enum(OUTCOMES), reason: z.string() }),
]);

export type LabEvent = z.infer<typeof labEvent>;
export type LabEventType = LabEvent["type"];
export type EventOf<Type extends LabEventType> = Extract<LabEvent, { type: Type }>;

type WithoutEnvelope<Event> = Event extends LabEvent ? Omit<Event, "runId" | "seq" | "atMs" | "wallMs"> : never;
/** An event as emitted by a part of the engine; the log adds the run, the number and the time. */
export type LabEventBody = WithoutEnvelope<LabEvent>;
