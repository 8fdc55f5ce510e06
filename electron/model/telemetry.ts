import { z } from "zod";

/** Attributes of a span, an event or a log record, as JSON. */
const attributes = z.record(z.string(), z.json());

/** 16 or 8 bytes in lower-case hex; exporters that are not OpenTelemetry's may have ids of other lengths. */
const id = z.string().min(1).max(256);

/** How a record was found to belong to its run: `time` is a guess. */
const joinedBy = z.enum(["trace", "run", "time"]);
export type JoinedBy = z.infer<typeof joinedBy>;

/** A span as a service sent it, redacted. Times are whole microseconds since 1970, by the clock of the service. */
const telemetrySpan = z.object({
  record: z.literal("span"),
  joinedBy,
  traceId: id,
  spanId: id,
  parentId: id.optional(),
  name: z.string(),
  kind: z.enum(["internal", "server", "client", "producer", "consumer"]),
  /** Empty without `service.name`. */
  service: z.string(),
  /** Name of the instrumentation scope. */
  scope: z.string(),
  startUs: z.number(),
  /** Absent for a span that was sent before its end. */
  endUs: z.number().optional(),
  attributes,
  events: z.array(z.object({ name: z.string(), atUs: z.number(), attributes })),
  isError: z.boolean(),
  statusMessage: z.string(),
});
export type TelemetrySpan = z.infer<typeof telemetrySpan>;

/** A log record as a service sent it, redacted. */
const telemetryLog = z.object({
  record: z.literal("log"),
  joinedBy,
  traceId: id.optional(),
  spanId: id.optional(),
  service: z.string(),
  scope: z.string(),
  atUs: z.number(),
  severity: z.string(),
  /** 1 to 24, or 0 where it is not said: opentelemetry/proto/logs/v1, SeverityNumber. */
  severityNumber: z.number(),
  body: z.string(),
  attributes,
});
export type TelemetryLog = z.infer<typeof telemetryLog>;

/** Records that were received for the run and not kept. */
const droppedTelemetry = z.object({
  record: z.literal("dropped"),
  spans: z.int().min(0),
  logs: z.int().min(0),
  reason: z.string(),
});
export type DroppedTelemetry = z.infer<typeof droppedTelemetry>;

/** What is kept of the OpenTelemetry that services sent during a run, and for a while after it. */
export const telemetryRecord = z.discriminatedUnion("record", [telemetrySpan, telemetryLog, droppedTelemetry]);
export type TelemetryRecord = z.infer<typeof telemetryRecord>;
