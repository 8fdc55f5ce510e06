import type { AttributeValue, Trace, TraceSpan } from "../trace-files/trace.ts";

/** SpanKind of opentelemetry/proto/trace/v1/trace.proto. */
const KINDS = { internal: 1, server: 2, client: 3, producer: 4, consumer: 5 } as const;

/** Traces as OTLP JSON, one `ExportTraceServiceRequest`: hex ids, times and 64-bit integers in text. */
export function otlpJson(traces: readonly Trace[]): string {
  const spans = traces.flatMap(({ spans: its }) => its);
  const byOrigin = Map.groupBy(spans, ({ service, scope }) => JSON.stringify([service, scope]));
  const resourceSpans = [...byOrigin.values()].map((its) => ({
    resource: { attributes: attributesOf({ "service.name": its[0]?.service ?? "" }) },
    scopeSpans: [{ scope: { name: its[0]?.scope ?? "" }, spans: its.map(toOtlp) }],
  }));
  return `${JSON.stringify({ resourceSpans }, null, 1)}\n`;
}

function toOtlp(span: TraceSpan) {
  const { traceId, spanId, parentId, name, kind, startUs, endUs, attributes, events, isError, statusMessage } = span;
  return {
    traceId,
    spanId,
    ...(parentId === undefined ? {} : { parentSpanId: parentId }),
    name,
    kind: KINDS[kind],
    startTimeUnixNano: nanoseconds(startUs),
    endTimeUnixNano: endUs === undefined ? "0" : nanoseconds(endUs),
    attributes: attributesOf(attributes, ["service.name"]),
    ...(events.length === 0
      ? {}
      : {
          events: events.map((event) => ({
            timeUnixNano: nanoseconds(event.atUs),
            name: event.name,
            attributes: attributesOf(event.attributes),
          })),
        }),
    ...(isError ? { status: { code: 2, ...(statusMessage === "" ? {} : { message: statusMessage }) } } : {}),
  };
}

function nanoseconds(us: number): string {
  return `${BigInt(Math.round(us)) * 1_000n}`;
}

function attributesOf(values: TraceSpan["attributes"], without: readonly string[] = []) {
  return Object.entries(values)
    .filter(([key, value]) => value !== null && !without.includes(key))
    .map(([key, value]) => ({ key, value: anyValue(value) }));
}

function anyValue(value: AttributeValue): object {
  if (typeof value === "string") return { stringValue: value };
  if (typeof value === "boolean") return { boolValue: value };
  if (typeof value === "number") {
    return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value };
  }
  if (Array.isArray(value)) return { arrayValue: { values: value.map(anyValue) } };
  if (value === null) return {};
  return {
    kvlistValue: { values: Object.entries(value).map(([key, each]) => ({ key, value: anyValue(each) })) },
  };
}
