import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { SSEClientTransport, SseError } from "@modelcontextprotocol/sdk/client/sse.js";
import { ErrorCode, McpError } from "@modelcontextprotocol/sdk/types.js";
import { orAbort } from "../abort-scope.ts";
import { messageOf } from "../lab-error.ts";
import { isUnauthorized, type McpEndpoint, unauthorized } from "./mcp-endpoint.ts";
import type { ProbeSession, Refusal } from "./probe-session.ts";

/**
 * Opens a session over HTTP+SSE: one event stream for all that the server says, and POSTs to the address that it names.
 * @returns undefined when the server does not speak it
 * @throws when `signal` aborts
 */
export async function openSse(
  { url, headers }: McpEndpoint,
  signal: AbortSignal,
): Promise<ProbeSession | Refusal | undefined> {
  const transport = new SSEClientTransport(new URL(url), { requestInit: { headers: { ...headers } } });
  const client = new Client({ name: "resilience-lab probe", version: "1" });
  try {
    // The client does not end a handshake whose stream is not opened or says nothing, not even when it is closed.
    await orAbort(client.connect(transport, { signal }), signal);
  } catch (error) {
    await client.close();
    signal.throwIfAborted();
    const status = (error instanceof SseError && error.code) || 0;
    return isUnauthorized(status) ? { reason: unauthorized(status), mayBeOlder: true } : undefined;
  }
  // After an error its transport opens the stream again, without a session in it.
  let lost: string | undefined;
  client.onerror = (error) => {
    lost = messageOf(error);
  };
  return {
    async ping(limit) {
      if (lost !== undefined) return `lost its event stream: ${lost}`;
      try {
        await client.ping({ signal: limit });
        return undefined;
      } catch (error) {
        limit.throwIfAborted();
        if (error instanceof McpError && error.code === ErrorCode.MethodNotFound) return undefined;
        return messageOf(error);
      }
    },
    end: () => client.close(),
  };
}
