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
`;

const TracesData = protobuf.parse(PROTO).root.lookupType("TracesData");

/** An export request as the JSON that OTLP writes for it, ids in base64. @throws Error for what is none */
export function decodeOtlpTraces(bytes: Uint8Array): JsonObject {
  const decoded = TracesData.toObject(TracesData.decode(bytes), { longs: String, bytes: String }) as JsonObject;
  if (!Array.isArray(decoded.resourceSpans)) throw new Error("it has no spans");
  return decoded;
}
