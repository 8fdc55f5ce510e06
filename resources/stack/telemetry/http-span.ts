/** Spans of HTTP requests that are not MCP's: https://opentelemetry.io/docs/specs/semconv/http/http-spans/ */
import type { IncomingMessage } from "node:http";
import { headerOf } from "../http/messages.ts";
import type { RunningSpan, SpanStart, TraceContext } from "./span.ts";
import { tracing } from "./tracing.ts";

/** Undefined without tracing, and without a context: it would be a trace of its own. */
export function startHttpSpan(
  kind: SpanStart["kind"],
  { method = "GET", path, contexts }: { method?: string | undefined; path: string; contexts: readonly TraceContext[] },
): RunningSpan | undefined {
  const tracer = tracing();
  if (tracer === undefined || contexts.every(({ traceparent }) => traceparent === undefined)) return undefined;
  const attributes = { "http.request.method": method, "url.path": path };
  return tracer.start({ name: `${method} ${path}`, kind, contexts, attributes });
}

/** The context that a request carries. */
export function contextOf(request: IncomingMessage): TraceContext {
  return { traceparent: headerOf(request, "traceparent"), baggage: headerOf(request, "baggage") };
}

/** The headers that carry a context. */
export function contextHeaders(span: RunningSpan | undefined): Record<string, string> {
  const { traceparent, baggage } = span?.context ?? {};
  return { ...(traceparent === undefined ? {} : { traceparent }), ...(baggage === undefined ? {} : { baggage }) };
}
