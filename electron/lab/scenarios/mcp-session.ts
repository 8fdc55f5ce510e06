import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { SSEClientTransport, SseError } from "@modelcontextprotocol/sdk/client/sse.js";
import { StreamableHTTPClientTransport, StreamableHTTPError } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { McpError, type Tool } from "@modelcontextprotocol/sdk/types.js";
import { z } from "zod";
import { AbortScope, orAbort, within } from "../abort-scope.ts";
import { isUnauthorized, type McpEndpoint, mayBeOlder, unauthorized } from "../health/mcp-endpoint.ts";
import { LabError, messageOf } from "../lab-error.ts";
import type { TraceHeaders } from "../telemetry/run-traces.ts";

/** Longer than any approval takes, so that the gateway or the run ends a call, not the client's default. */
const CALL_LIMIT_MS = 6 * 60_000;
const ANSWER_LIMIT_MS = 60_000;
/** Ending a session is optional: a frozen gateway must not delay the run. */
const GOODBYE_LIMIT_MS = 2_000;

/** How a call ended for the caller. `decision` is the gateway's decision of a refusal, or `ok`. */
export interface CallOutcome {
  ok: boolean;
  decision: string;
  detail: string;
}

/** One MCP session with the gateway, all its calls in one turn. */
export interface McpSession {
  /** Session id; undefined when the gateway has no sessions. */
  readonly id: string | undefined;
  listTools(signal: AbortSignal): Promise<Tool[]>;
  /** Never rejects for a refused or failed call, only when `signal` aborts. */
  call(tool: string, toolArguments: Record<string, unknown>, signal: AbortSignal): Promise<CallOutcome>;
  close(): Promise<void>;
  /** Closes the connections, and leaves the session to the gateway. */
  abandon(): Promise<void>;
}

/** A client, connected over the transport that the server speaks. */
interface Connected {
  client: Client;
  transport: StreamableHTTPClientTransport | SSEClientTransport;
}

/**
 * Opens a session over Streamable HTTP or, where the server does not have it, over HTTP+SSE. Every request gets its own signal: the SDK's client never removes its listener, and would otherwise keep a session's
 * objects, such as schema validators, in memory as long as the run's signal.
 */
export async function openMcpSession(
  endpoint: McpEndpoint,
  turn: string,
  signal: AbortSignal,
  trace?: TraceHeaders,
): Promise<McpSession> {
  const url = new URL(endpoint.url);
  const options = { requestInit: { headers: { ...endpoint.headers, ...trace, "X-Mcp-Turn-Id": turn } } };
  const { client, transport } = await within(signal, ANSWER_LIMIT_MS, async (limit) => {
    try {
      return await connect(new StreamableHTTPClientTransport(url, options), limit);
    } catch (error) {
      if (!(error instanceof StreamableHTTPError)) throw error;
      if (!mayBeOlder(error.code)) throw refused(url, error);
      return connect(new SSEClientTransport(url, options), limit).catch((other: unknown) => {
        limit.throwIfAborted();
        throw refused(url, other instanceof SseError && isUnauthorized(other.code) ? other : error);
      });
    }
  });
  const id = "sessionId" in transport ? transport.sessionId : undefined;
  return {
    id,
    async listTools(limit) {
      const { tools } = await within(limit, ANSWER_LIMIT_MS, (own) => client.listTools({}, { signal: own }));
      return tools;
    },
    async call(tool, toolArguments, limit) {
      const request = { name: tool, arguments: toolArguments, ...(trace === undefined ? {} : { _meta: { ...trace } }) };
      // Asks the server for progress, which proves that a long call goes on.
      const options = { timeout: CALL_LIMIT_MS, resetTimeoutOnProgress: true, onprogress: () => {} };
      const scope = new AbortScope(limit);
      try {
        const result = await client.callTool(request, undefined, { ...options, signal: scope.signal });
        return { ok: result.isError !== true, decision: result.isError ? "tool_error" : "ok", detail: textOf(result) };
      } catch (error) {
        limit.throwIfAborted();
        return { ok: false, decision: decisionOf(error), detail: messageOf(error) };
      } finally {
        scope.end();
      }
    },
    async close() {
      // Fails when the gateway is down, which has no session to end.
      const end = async () => "terminateSession" in transport && transport.terminateSession();
      await within(new AbortController().signal, GOODBYE_LIMIT_MS, end).catch(() => {});
      await client.close();
    },
    abandon: () => client.close(),
  };
}

async function connect(transport: Connected["transport"], signal: AbortSignal): Promise<Connected> {
  const client = new Client({ name: "resilience-lab", version: "1" });
  try {
    // The SDK's transports declare optional callbacks differently from its own Transport type. Its client does not end a
    // handshake over HTTP+SSE whose stream is not opened or says nothing, not even when it is closed.
    await orAbort(client.connect(transport as Parameters<Client["connect"]>[0], { signal }), signal);
    return { client, transport };
  } catch (error) {
    await client.close();
    signal.throwIfAborted();
    throw error;
  }
}

/** The SDK's message is the body alone, which is often empty. */
function refused({ pathname }: URL, error: StreamableHTTPError | SseError): Error {
  const { code: status, message } = error;
  if (status === undefined || status < 0) return error;
  const why = isUnauthorized(status) ? unauthorized(status) : `answers HTTP ${status}`;
  return new LabError("unreachable", `${pathname} ${why}: ${message}`, { cause: error });
}

const refusal = z.object({ decision: z.string() });

function decisionOf(error: unknown): string {
  const data = error instanceof McpError ? refusal.safeParse(error.data) : undefined;
  return data?.success ? data.data.decision : "error";
}

const content = z.object({ content: z.array(z.object({ text: z.string() }).partial()) });

function textOf(result: unknown): string {
  const parsed = content.safeParse(result);
  return parsed.success ? parsed.data.content.map(({ text }) => text ?? "").join("\n") : "";
}
