import protobuf from "protobufjs";
import type { JsonObject } from "./exact-json.ts";

/**
 * The messages of an export request, as far as a trace is made of them: opentelemetry/proto/{trace,common,resource}/v1.
 * A `TracesData`, an `ExportTraceServiceRequest` and a trace of Tempo's all have their spans in field 1.
 */
const PROTO = `
syntax = "proto3";
message AnyValue {
  oneof value {
    string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4;
    ArrayValue array_value = 5; KeyValueList kvlist_value = 6; bytes bytes_value = 7;
  }
}
message ArrayValue { repeated AnyValue values = 1; }
message KeyValueList { repeated KeyValue values = 1; }
message KeyValue { string key = 1; AnyValue value = 2; }
message Scope { string name = 1; string version = 2; repeated KeyValue attributes = 3; }
message Resource { repeated KeyValue attributes = 1; uint32 dropped_attributes_count = 2; }
message Event { fixed64 time_unix_nano = 1; string name = 2; repeated KeyValue attributes = 3; }
message Status { string message = 2; int32 code = 3; }
message Span {
  bytes trace_id = 1; bytes span_id = 2; string trace_state = 3; bytes parent_span_id = 4; string name = 5; int32 kind = 6;
  fixed64 start_time_unix_nano = 7; fixed64 end_time_unix_nano = 8; repeated KeyValue attributes = 9;
  repeated Event events = 11; Status status = 15;
}
message ScopeSpans { Scope scope = 1; repeated Span spans = 2; }
message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; }
message TracesData { repeated ResourceSpans resource_spans = 1; }
message LogRecord {
  fixed64 time_unix_nano = 1; int32 severity_number = 2; string severity_text = 3; AnyValue body = 5;
  repeated KeyValue attributes = 6; bytes trace_id = 9; bytes span_id = 10; fixed64 observed_time_unix_nano = 11;
}
message ScopeLogs { Scope scope = 1; repeated LogRecord log_records = 2; }
message ResourceLogs { Resource resource = 1; repeated ScopeLogs scope_logs = 2; }
message LogsData { repeated ResourceLogs resource_logs = 1; }
message Points { repeated bytes data_points = 1; }
message Metric {
  string name = 1; Points gauge = 5; Points sum = 7; Points histogram = 9; Points exponential_histogram = 10; Points summary = 11;
}
message ScopeMetrics { repeated Metric metrics = 2; }
message ResourceMetrics { repeated ScopeMetrics scope_metrics = 2; }
message MetricsData { repeated ResourceMetrics resource_metrics = 1; }
message PartialSuccess { int64 rejected = 1; string error_message = 2; }
message ExportResponse { PartialSuccess partial_success = 1; }
message RpcStatus { int32 code = 1; string message = 2; }
`;

const { root } = protobuf.parse(PROTO);
const [TracesData, LogsData, MetricsData] = ["TracesData", "LogsData", "MetricsData"].map((name) =>
  root.lookupType(name),
) as [protobuf.Type, protobuf.Type, protobuf.Type];
const ExportResponse = root.lookupType("ExportResponse");
const RpcStatus = root.lookupType("RpcStatus");

/** An export request as the JSON that OTLP writes for it, ids in base64. @throws Error for what is none */
export function decodeOtlpTraces(bytes: Uint8Array): JsonObject {
  const decoded = decode(TracesData, bytes);
  if (!Array.isArray(decoded.resourceSpans)) throw new Error("it has no spans");
  return decoded;
}

/** The messages of a file that a collector wrote in protobuf, each after its length in 4 bytes; one without lengths as it is. */
export function messagesOf(bytes: Uint8Array): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const messages: Uint8Array[] = [];
  let at = 0;
  while (at + LENGTH_BYTES < bytes.length) {
    const end = at + LENGTH_BYTES + view.getUint32(at);
    if (end > bytes.length) break;
    messages.push(bytes.subarray(at + LENGTH_BYTES, end));
    at = end;
  }
  return at > 0 && at === bytes.length ? messages : [bytes];
}

const LENGTH_BYTES = 4;

/** The three signals of OTLP, as they are sent; each may be empty. @throws Error for what is no such message */
export const decodeOtlp: Readonly<Record<OtlpSignal, (bytes: Uint8Array) => JsonObject>> = {
  traces: (bytes) => decode(TracesData, bytes),
  logs: (bytes) => decode(LogsData, bytes),
  metrics: (bytes) => decode(MetricsData, bytes),
};

export type OtlpSignal = "traces" | "logs" | "metrics";

/** The answer to an export of any signal: their fields have the same numbers. */
export function encodeExportResponse(partialSuccess?: { rejected: number; errorMessage: string }): Uint8Array {
  return ExportResponse.encode(partialSuccess === undefined ? {} : { partialSuccess }).finish();
}

/** google.rpc.Status: the body of a refusal. */
export function encodeRpcStatus(code: number, message: string): Uint8Array {
  return RpcStatus.encode({ code, message }).finish();
}

function decode(type: protobuf.Type, bytes: Uint8Array): JsonObject {
  return type.toObject(type.decode(bytes), { longs: String, bytes: String }) as JsonObject;
}
