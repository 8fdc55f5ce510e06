import {
  type Context,
  context,
  type Link,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchSpanProcessor, type SpanExporter, TracerProvider } from "@opentelemetry/sdk-trace";
import type { RunningSpan, SpanAttributes, SpanStart, TraceContext, Tracing } from "./span.ts";
import { parseTraceparent } from "./trace-parent.ts";

/** Short, so that a live view follows. */
const sendAfterMs = 200;
const stopLimitMs = 1_000;
const kinds = { client: SpanKind.CLIENT, server: SpanKind.SERVER, internal: SpanKind.INTERNAL };
/** Members of the baggage that become attributes: those of a lab that runs this stack. */
const keptBaggage = /^lab\./;

/** @param exporter the one that the standard variables configure, unless a test gives another */
export function sdkTracing(service: string, exporter: SpanExporter = new OTLPTraceExporter()): Tracing {
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ "service.name": process.env.OTEL_SERVICE_NAME || service }),
    spanProcessors: [new BatchSpanProcessor({ exporter, scheduledDelayMillis: sendAfterMs })],
  });
  const tracer = provider.getTracer("resilience-lab-stack");
  return {
    start: (span) => startSpan(tracer, span),
    async stop() {
      const late = new Promise<void>((resolve) => setTimeout(resolve, stopLimitMs).unref());
      await Promise.race([provider.shutdown().catch(() => {}), late]);
    },
  };
}

function startSpan(tracer: Tracer, { name, kind, contexts = [], attributes = {}, startedMs }: SpanStart): RunningSpan {
  const known = contexts.filter(({ traceparent }) => parseTraceparent(traceparent) !== undefined);
  const [parent, ...others] = known.map(({ traceparent }) => remote(traceparent));
  const baggage = contexts.find((each) => each.baggage !== undefined)?.baggage;
  const links = others.filter((other) => other.context.spanId !== parent?.context.spanId);
  const span = tracer.startSpan(
    name,
    {
      kind: kinds[kind],
      links,
      attributes: { ...attributesIn(baggage), ...defined(attributes) },
      ...(startedMs === undefined ? {} : { startTime: startedMs }),
    },
    parent === undefined ? context.active() : parentContext(parent),
  );
  const { traceId, spanId, traceFlags } = span.spanContext();
  const own: TraceContext = {
    traceparent: `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, "0")}`,
    baggage,
  };
  return {
    traceId,
    spanId,
    context: own,
    event: (event, more) => void span.addEvent(event, defined(more)),
    end(more, problem, endedMs) {
      span.setAttributes(defined(more));
      if (more?.["error.type"] !== undefined) {
        span.setStatus({ code: SpanStatusCode.ERROR, ...(problem === undefined ? {} : { message: problem }) });
      }
      span.end(endedMs);
    },
  };
}

function remote(traceparent: string | undefined): Link {
  const { traceId = "", spanId = "", flags = "01" } = parseTraceparent(traceparent) ?? {};
  // All spans are kept: what calls this stack in a lab wants to see them.
  const traceFlags = Number.parseInt(flags, 16) | TraceFlags.SAMPLED;
  return { context: { traceId, spanId, traceFlags, isRemote: true } };
}

function parentContext({ context: parent }: Link): Context {
  return trace.setSpanContext(context.active(), parent);
}

function attributesIn(baggage: string | undefined): Record<string, string> {
  const read: Record<string, string> = {};
  for (const member of (baggage ?? "").slice(0, 8_192).split(",")) {
    const [name = "", value = ""] = member.split(";", 1)[0]?.split("=") ?? [];
    if (keptBaggage.test(name.trim())) read[name.trim()] = value.trim();
  }
  return read;
}

function defined(attributes: SpanAttributes = {}): Record<string, string | number | boolean> {
  const entries = Object.entries(attributes).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Record<string, string | number | boolean>;
}
