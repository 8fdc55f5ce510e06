/**
 * Spans of this process by OpenTelemetry's SDK. Off, and the SDK not loaded, unless OTEL_EXPORTER_OTLP_ENDPOINT says where to
 * send them.
 */
import type { Variables } from "../http/environment.ts";
import type { RunningService } from "../http/serve.ts";
import type { Tracing } from "./span.ts";

let active: Tracing | undefined;

/** Undefined while it is off. */
export function tracing(): Tracing | undefined {
  return active;
}

async function startTracing(service: string, environment: Variables): Promise<void> {
  if (!environment.OTEL_EXPORTER_OTLP_ENDPOINT || active !== undefined) return;
  const { sdkTracing } = await import("./sdk.ts");
  active = sdkTracing(service);
}

/** A service that is traced while it runs, as its program starts it. */
export function traced(service: string, start: () => Promise<RunningService>): () => Promise<RunningService> {
  return async () => {
    await startTracing(service, process.env);
    const running = await start();
    const stop = async () => {
      await running.stop();
      await active?.stop();
    };
    return { ...running, stop };
  };
}

/** For tests: with spans of another exporter. */
export function setTracing(tracer: Tracing | undefined): void {
  active = tracer;
}
