/** Spans of the requests that pass a transport of the MCP SDK. Without tracing it is left as it is. */
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { isObject } from "../http/json.ts";
import { contextsOf, mcpEnd, mcpSpan } from "./mcp-span.ts";
import type { RunningSpan, TraceContext } from "./span.ts";
import { tracing } from "./tracing.ts";

/** More are not followed: a peer that never answers would keep them. */
const openLimit = 1_000;

class OpenSpans {
  readonly #kind: "client" | "server";
  readonly #open = new Map<string | number, RunningSpan>();

  constructor(kind: "client" | "server") {
    this.#kind = kind;
  }

  add(id: string | number, span: RunningSpan): void {
    if (this.#open.size < openLimit) this.#open.set(id, span);
  }

  answered(message: unknown): void {
    if (!isObject(message) || "method" in message) return;
    const id = message.id as string | number;
    this.#open.get(id)?.end(...mcpEnd(this.#kind, message));
    this.#open.delete(id);
  }

  /** Without an answer. */
  failed(id: string | number, type: string, problem: string): void {
    this.#open.get(id)?.end({ "error.type": type }, problem);
    this.#open.delete(id);
  }

  closed(): void {
    for (const id of [...this.#open.keys()]) this.failed(id, "connection_closed", "the connection was closed");
  }
}

interface Request {
  method: string;
  id: string | number;
  params?: Record<string, unknown>;
}

function isRequest(message: unknown): message is Request {
  return isObject(message) && typeof message.method === "string" && "id" in message;
}

/** Each request that is sent becomes a span below the given one, and carries its context. Call before the client connects. */
export function traceClient(transport: Transport, parent: TraceContext): void {
  const tracer = tracing();
  if (tracer === undefined) return;
  const open = new OpenSpans("client");
  const send = transport.send.bind(transport);
  transport.send = async (message, options) => {
    if (!isRequest(message)) return send(message, options);
    const request: Request = message;
    const session = transport.sessionId === undefined ? {} : { id: transport.sessionId };
    const span = tracer.start({ ...mcpSpan("client", request, session), contexts: [parent] });
    open.add(request.id, span);
    const meta = isObject(request.params?._meta) ? request.params._meta : {};
    const carried = { ...request, params: { ...request.params, _meta: { ...meta, ...span.context } } };
    try {
      await send(carried as typeof message, options);
    } catch (error) {
      open.failed(request.id, "transport_error", String(error));
      throw error;
    }
  };
  // The SDK's own listeners call those that were there before.
  transport.onmessage = (message) => open.answered(message);
  transport.onclose = () => open.closed();
}

/** The HTTP header of a request says what its message says. */
export function headersFor(body: unknown): { traceparent?: string } {
  if (tracing() === undefined || typeof body !== "string") return {};
  const [, traceparent] = /"traceparent":"([0-9a-f-]{55})"/.exec(body) ?? [];
  return traceparent === undefined ? {} : { traceparent };
}

/** Each request that arrives with a context becomes a span below it. Call before the server connects. */
export function traceServer(transport: Transport): void {
  const tracer = tracing();
  if (tracer === undefined) return;
  const open = new OpenSpans("server");
  transport.onmessage = (message, extra) => {
    if (!isRequest(message)) return;
    const request: Request = message;
    const { traceparent, baggage } = extra?.requestInfo?.headers ?? {};
    const contexts = contextsOf(request.params, { traceparent: one(traceparent), baggage: one(baggage) });
    // Probes and keep-alives have none, and would each be a trace of its own.
    if (contexts.every((each) => each.traceparent === undefined)) return;
    const session = transport.sessionId === undefined ? {} : { id: transport.sessionId };
    open.add(request.id, tracer.start({ ...mcpSpan("server", request, session), contexts }));
  };
  const send = transport.send.bind(transport);
  transport.send = (message, options) => {
    open.answered(message);
    return send(message, options);
  };
}

function one(header: string | string[] | undefined): string | undefined {
  return typeof header === "string" ? header : header?.[0];
}
