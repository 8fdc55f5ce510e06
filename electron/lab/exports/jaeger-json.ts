import type { AttributeValue, Trace, TraceSpan } from "../trace-files/trace.ts";

/** Traces as Jaeger's UI saves and opens them: `{ data: [{ traceID, spans, processes }] }`, times in microseconds. */
export function jaegerJson(traces: readonly Trace[]): string {
  return `${JSON.stringify({ data: traces.map(traceOf) }, null, 1)}\n`;
}

function traceOf({ traceId, spans }: Trace) {
  const services = [...new Set(spans.map(({ service }) => service))];
  const processOf = (service: string) => `p${services.indexOf(service) + 1}`;
  return {
    traceID: traceId,
    spans: spans.map((span) => spanOf(span, traceId, processOf(span.service))),
    processes: Object.fromEntries(
      // Jaeger's UI does not open a trace with an unnamed service.
      services.map((service) => [processOf(service), { serviceName: service || "unknown", tags: [] }]),
    ),
    warnings: null,
  };
}

function spanOf(span: TraceSpan, traceID: string, processID: string) {
  const { spanId, parentId, name, kind, scope, startUs, endUs, attributes, events, isError, statusMessage } = span;
  const { "service.name": _service, ...own } = attributes;
  return {
    traceID,
    spanID: spanId,
    operationName: name,
    references: parentId === undefined ? [] : [{ refType: "CHILD_OF", traceID, spanID: parentId }],
    startTime: startUs,
    duration: endUs === undefined ? 0 : Math.max(0, endUs - startUs),
    tags: [
      tag("span.kind", kind),
      ...(scope === "" ? [] : [tag("otel.scope.name", scope)]),
      ...(isError ? [tag("error", true), tag("otel.status_code", "ERROR")] : []),
      ...(isError && statusMessage !== "" ? [tag("otel.status_description", statusMessage)] : []),
      ...Object.entries(own)
        .filter(([, value]) => value !== null)
        .map(([key, value]) => tag(key, value)),
    ],
    logs: events.map((event) => ({
      timestamp: event.atUs,
      fields: [
        tag("event", event.name),
        ...Object.entries(event.attributes)
          .filter(([, value]) => value !== null)
          .map(([key, value]) => tag(key, value)),
      ],
    })),
    processID,
    warnings: endUs === undefined ? ["the span has no end"] : null,
  };
}

/** Jaeger has no lists and maps: they are text. */
function tag(key: string, value: AttributeValue) {
  if (typeof value === "boolean") return { key, type: "bool", value };
  if (typeof value === "number") return { key, type: Number.isSafeInteger(value) ? "int64" : "float64", value };
  return { key, type: "string", value: typeof value === "string" ? value : JSON.stringify(value) };
}
