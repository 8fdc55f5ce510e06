/** Spans of MCP requests: https://opentelemetry.io/docs/specs/semconv/gen-ai/mcp/ */
import { isObject } from "../http/json.ts";
import type { SpanAttributes, SpanStart, TraceContext } from "./span.ts";

/** Codes that a server does not count as its errors: the caller's request was wrong. */
const callersErrors = new Set([-32700, -32600, -32601, -32602, -32002]);
const longestContent = 8_192;

/** The span of a request, without its parent. */
export function mcpSpan(
  kind: "client" | "server",
  { method, params, id }: { method: string; params?: unknown; id?: string | number },
  session?: { id?: string | undefined; protocolVersion?: string | undefined },
): SpanStart {
  const given = isObject(params) ? params : {};
  const name = typeof given.name === "string" ? given.name : undefined;
  const isCall = method === "tools/call";
  const target = isCall || method === "prompts/get" ? name : undefined;
  const attributes: SpanAttributes = {
    "mcp.method.name": method,
    "jsonrpc.request.id": id === undefined ? undefined : String(id),
    "mcp.session.id": session?.id,
    "mcp.protocol.version": session?.protocolVersion,
    "network.transport": "tcp",
    "network.protocol.name": "http",
    "mcp.resource.uri": typeof given.uri === "string" ? given.uri : undefined,
    "gen_ai.prompt.name": method === "prompts/get" ? name : undefined,
    "gen_ai.operation.name": isCall ? "execute_tool" : undefined,
    "gen_ai.tool.name": isCall ? name : undefined,
    "gen_ai.tool.call.arguments": isCall ? contentOf(given.arguments ?? {}) : undefined,
  };
  return { name: target === undefined ? method : `${method} ${target}`, kind, attributes };
}

/** What the end of a request adds to its span: of a response the error or the result of the tool, else why there is none. */
export function mcpEnd(kind: "client" | "server", response: unknown): [SpanAttributes, string | undefined] {
  if (!isObject(response)) return [{ "error.type": "_OTHER" }, undefined];
  const { error, result } = response;
  if (isObject(error)) {
    const code = typeof error.code === "number" ? error.code : 0;
    const isOwn = kind === "client" || !callersErrors.has(code);
    const status = { "rpc.response.status_code": String(code) };
    return [isOwn ? { ...status, "error.type": String(code) } : status, textOf(error.message)];
  }
  if (!isObject(result)) return [{}, undefined];
  const content = result.content === undefined ? {} : { "gen_ai.tool.call.result": contentOf(result) };
  return [result.isError === true ? { ...content, "error.type": "tool_error" } : content, undefined];
}

/** The context that a request carries: what its message says comes before what its HTTP request says. */
export function contextsOf(params: unknown, header: TraceContext): TraceContext[] {
  const meta = isObject(params) && isObject(params._meta) ? params._meta : {};
  const own = { traceparent: textOf(meta.traceparent), baggage: textOf(meta.baggage) };
  return [own, header];
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function contentOf(value: unknown): string {
  const text = JSON.stringify(value) ?? "";
  return text.length > longestContent ? `${text.slice(0, longestContent)} [cut]` : text;
}
