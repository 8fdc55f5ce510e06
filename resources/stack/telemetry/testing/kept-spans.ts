import { InMemorySpanExporter, type ReadableSpan } from "@opentelemetry/sdk-trace";
import { sdkTracing } from "../sdk.ts";
import type { Tracing } from "../span.ts";

/** A tracer whose spans are kept: `spans` stops it, and has them all. */
export function keptSpans(service: string): { tracer: Tracing; spans: () => Promise<ReadableSpan[]> } {
  const exporter = new InMemorySpanExporter();
  // A stop clears those of the exporter.
  const kept: ReadableSpan[] = [];
  const tracer = sdkTracing(service, {
    export: (spans, done) => {
      kept.push(...spans);
      exporter.export(spans, done);
    },
    shutdown: () => exporter.shutdown(),
  });
  const spans = async () => {
    await tracer.stop();
    return kept;
  };
  return { tracer, spans };
}
