/** Converts a failed request to the gateway to the error of a report. */
import { StreamableHTTPError } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { ErrorCode, McpError } from "@modelcontextprotocol/sdk/types.js";
import { isObject, parseJson } from "../http/json.ts";
import type { CallError } from "./report.ts";

/** The response stream ended without a response, so it is unknown whether the call was executed. */
export class ConnectionLost extends Error {
  override readonly name = "ConnectionLost";

  constructor() {
    super("the connection to the gateway was lost before it answered; the call may or may not have been carried out");
  }
}

export function callErrorOf(error: unknown): CallError {
  if (error instanceof McpError) {
    return jsonRpcError(error.code, error.message.replace(/^MCP error -?\d+: /, ""), error.data);
  }
  if (error instanceof StreamableHTTPError) return httpError(error);
  if (error instanceof ConnectionLost) return { code: ErrorCode.ConnectionClosed, message: error.message };
  return { code: ErrorCode.ConnectionClosed, message: `the gateway could not be reached: ${networkReason(error)}` };
}

function jsonRpcError(code: number, message: string, data: unknown): CallError {
  const decision = (data as { decision?: unknown } | null | undefined)?.decision;
  return { code, message, ...(typeof decision === "string" ? { decision } : {}) };
}

/** A JSON-RPC error in the body of an HTTP error takes precedence over the HTTP status. */
function httpError(error: StreamableHTTPError): CallError {
  const text = error.message.replace(/^Streamable HTTP error: (Error POSTing to endpoint: )?/, "").trim();
  const parsed = parseJson(text);
  const inner = isObject(parsed) ? parsed.error : undefined;
  if (isObject(inner) && typeof inner.code === "number" && typeof inner.message === "string") {
    return jsonRpcError(inner.code, inner.message, inner.data);
  }
  // Not JSON-RPC: report the HTTP status and the text.
  const status = error.code ?? 0;
  return { code: status, message: `the gateway answered HTTP ${status}${text ? `: ${text.slice(0, 500)}` : ""}` };
}

const networkReasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nothing listens there",
  ECONNRESET: "the connection was reset",
  ENOTFOUND: "the host name does not resolve",
  EPIPE: "the connection was closed",
};

function networkReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // A host name with several addresses fails with one error for each.
  const [first] = error instanceof AggregateError ? error.errors : [error.cause ?? error];
  const { code = "", message } = first as NodeJS.ErrnoException;
  return networkReasons[code] ?? (message || error.message);
}
