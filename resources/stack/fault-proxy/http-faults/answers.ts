/** Replies that the proxy sends instead of the upstream. */
import { STATUS_CODES } from "node:http";
import type { RequestHead } from "../parsing/message-head.ts";
import type { RequestInfo, RpcId } from "../parsing/request-info.ts";

export interface Answer {
  status: number;
  headers: Readonly<Record<string, string>>;
  /** Sent as JSON; undefined sends no body. */
  body: unknown;
}

export function plainAnswer(status: number, retryAfterSeconds: number): Answer {
  const reason = STATUS_CODES[status] ?? "injected fault";
  const headers: Record<string, string> = retryAfterSeconds >= 0 ? { "Retry-After": String(retryAfterSeconds) } : {};
  return { status, headers, body: { error: reason } };
}

/** A JSON-RPC error for each call of the request. */
export function rpcError(request: RequestInfo, code: number, message: string): Answer {
  const errors = request.callIds.map((id) => errorObject(id, code, message));
  return { status: 200, headers: {}, body: request.isBatch ? errors : errors[0] };
}

/** Servers' replies for an unknown session: MCP requires 404; some servers send 400 or 200. */
export function sessionLostAnswer(request: RequestInfo, status: number): Answer {
  if (status === 200) return rpcError(request, -32_001, "Session not found");
  return status === 400
    ? { status, headers: {}, body: errorObject(null, -32_000, "Bad Request: No valid session ID provided") }
    : { status, headers: {}, body: errorObject(null, -32_001, "Session not found") };
}

export function methodNotAllowed(status: number): Answer {
  const headers: Record<string, string> = status === 405 ? { Allow: "POST, DELETE" } : {};
  return { status, headers, body: errorObject(null, -32_000, STATUS_CODES[status] ?? "injected fault") };
}

/**
 * Whether the connection ends after the answer, as with a server: the client asked for that, uses HTTP/1.0, or waits for
 * "100 Continue" and may or may not send its body now.
 */
export function endsConnection(head: RequestHead): boolean {
  const asked = head.get("connection")?.toLowerCase().split(",") ?? [];
  return head.isHttp10 || asked.some((option) => option.trim() === "close") || head.get("expect") !== undefined;
}

export function answerBytes(answer: Answer, isHead: boolean, closes: boolean): Buffer {
  const hasBody = answer.body !== undefined && answer.status !== 204 && answer.status !== 304;
  const body = hasBody ? JSON.stringify(answer.body) : "";
  const lines = [`HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? "Injected"}`];
  if (hasBody) lines.push("Content-Type: application/json");
  if (answer.status !== 204 && answer.status !== 304) lines.push(`Content-Length: ${Buffer.byteLength(body)}`);
  for (const [name, value] of Object.entries(answer.headers)) lines.push(`${name}: ${value}`);
  lines.push(`Connection: ${closes ? "close" : "keep-alive"}`);
  return Buffer.from(`${lines.join("\r\n")}\r\n\r\n${isHead ? "" : body}`);
}

function errorObject(id: RpcId | null, code: number, message: string): Record<string, unknown> {
  return { jsonrpc: "2.0", id, error: { code, message } };
}
