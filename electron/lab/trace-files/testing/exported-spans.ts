import { trace as api, context, SpanKind, SpanStatusCode } from "@opentelemetry/api";
import { JsonTraceSerializer, ProtobufTraceSerializer } from "@opentelemetry/otlp-transformer";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";

/** Two spans of OpenTelemetry's SDK, one below the other, and what its exporters send for them. */
export function exportedSpans() {
  const exporter = new InMemorySpanExporter();
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ "service.name": "shop", "deployment.environment.name": "test" }),
    spanProcessors: [new SimpleSpanProcessor({ exporter })],
  });
  const tracer = provider.getTracer("checkout", "1.2.3");
  const attributes = { "a.text": "é", "a.count": 7, "a.ratio": 0.5, "a.flag": true, "a.list": ["x", "y"] };
  const outer = tracer.startSpan("POST /orders", {
    kind: SpanKind.SERVER,
    startTime: [1_771_237_534, 577_907_123],
    attributes,
  });
  const inner = tracer.startSpan(
    "charge",
    { kind: SpanKind.CLIENT, startTime: [1_771_237_534, 578_000_999] },
    api.setSpan(context.active(), outer),
  );
  inner.addEvent("retried", { attempt: 2 }, [1_771_237_534, 578_500_000]);
  inner.setStatus({ code: SpanStatusCode.ERROR, message: "card declined" });
  inner.end([1_771_237_534, 579_000_000]);
  outer.end([1_771_237_534, 580_000_000]);
  const spans = exporter.getFinishedSpans();
  const json = JsonTraceSerializer.serializeRequest(spans);
  const protobuf = ProtobufTraceSerializer.serializeRequest(spans);
  if (json === undefined || protobuf === undefined) throw new Error("the exporters wrote nothing");
  const { traceId, spanId } = outer.spanContext();
  return {
    json: new TextDecoder().decode(json),
    protobuf,
    traceId,
    outerId: spanId,
    innerId: inner.spanContext().spanId,
  };
}
