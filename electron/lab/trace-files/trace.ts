/** A value of an attribute; lists and maps as JSON has them. */
export type AttributeValue = string | number | boolean | null | AttributeValue[] | { [key: string]: AttributeValue };
export type Attributes = Readonly<Record<string, AttributeValue>>;

export type SpanKind = "internal" | "server" | "client" | "producer" | "consumer";

/** A span of a trace file, whatever its format. Times are whole microseconds since 1970 (a double holds those exactly). */
export interface TraceSpan {
  /** Lower-case hex. */
  traceId: string;
  spanId: string;
  parentId: string | undefined;
  name: string;
  kind: SpanKind;
  /** `service.name` of its resource; empty without one. */
  service: string;
  /** Name of the instrumentation scope; empty without one. */
  scope: string;
  startUs: number;
  /** Undefined for a span that has not ended. */
  endUs: number | undefined;
  attributes: Attributes;
  events: readonly SpanEvent[];
  isError: boolean;
  statusMessage: string;
}

export interface SpanEvent {
  name: string;
  atUs: number;
  attributes: Attributes;
}

/** The spans of one trace, by their start. */
export interface Trace {
  traceId: string;
  spans: readonly TraceSpan[];
}

/** What was read from a file. */
export interface TraceFile {
  format: "Jaeger JSON" | "Jaeger JSON lines" | "OTLP JSON" | "OTLP JSON lines" | "OTLP protobuf";
  /** By the start of each. */
  traces: readonly Trace[];
  /** What could not be understood, each with its place; the rest was read. */
  problems: readonly string[];
}
