import { isOpen, lastedUntil, type Span } from "../../model/span.ts";
import { OWN } from "./otlp-call.ts";
import { CLIENT, type Span as OtlpSpan } from "./otlp-span.ts";

/** Position of an exchange's span in the exported trace. */
export interface WireContext {
  traceId: string;
  spanId: string;
  parentSpanId: string;
  fault: string | undefined;
  nano: (ms: number) => string;
  runEndMs: number;
}

/** An exchange on a link as its caller's client span, with the names of OpenTelemetry's conventions for HTTP and MCP. */
export function wireSpan(call: Span<"wire">, { nano, runEndMs, fault, ...ids }: WireContext): OtlpSpan {
  const { name, startMs, status, attributes } = call;
  const [httpMethod = "", path = ""] = attributes.http.split(" ");
  return {
    ...ids,
    name: attributes.tool === undefined ? name : `${attributes.method} ${name}`,
    kind: CLIENT,
    startNano: nano(startMs),
    endNano: nano(Math.max(startMs, lastedUntil(call, runEndMs))),
    attributes: {
      "http.request.method": httpMethod,
      "url.path": path,
      "http.response.status_code": attributes.status,
      "http.request.body.size": attributes.requestBytes,
      "http.response.body.size": attributes.replyBytes,
      "mcp.method.name": attributes.method,
      "mcp.session.id": attributes.session,
      "jsonrpc.request.id": attributes.jsonrpcId === undefined ? undefined : String(attributes.jsonrpcId),
      "gen_ai.tool.name": attributes.tool,
      [`${OWN}.link`]: attributes.link,
      [`${OWN}.call.outcome`]: isOpen(call) ? "open" : status,
      [`${OWN}.stream.events`]: attributes.events,
      [`${OWN}.caller.trace_id`]: attributes.traceId,
      [`${OWN}.fault.id`]: fault,
    },
    ...(status === "error" ? { error: attributes.error ?? "error" } : {}),
  };
}
