/** MCP servers of the official SDK, by each of its HTTP transports. They end with the test. */
import { randomUUID } from "node:crypto";
import { createServer, type RequestListener } from "node:http";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { SSEServerTransport } from "@modelcontextprotocol/sdk/server/sse.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { onTestFinished } from "vitest";
import { z } from "zod";

/** `pay` notes the amount and confirms it; `fail` is a tool's own error. */
function paymentsServer(paid: number[]): McpServer {
  const mcp = new McpServer({ name: "payments", version: "1" });
  mcp.registerTool("pay", { inputSchema: { amount: z.number() } }, ({ amount }) => {
    paid.push(amount);
    return { content: [{ type: "text", text: `paid ${amount} €` }] };
  });
  mcp.registerTool("fail", {}, () => ({ isError: true, content: [{ type: "text", text: "no funds" }] }));
  return mcp;
}

/** Streamable HTTP with sessions. Resolves to its port. */
export function openMcpServer(paid: number[], enableJsonResponse: boolean): Promise<number> {
  const transports = new Map<string, StreamableHTTPServerTransport>();
  const begin = async (): Promise<StreamableHTTPServerTransport> => {
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      enableJsonResponse,
      onsessioninitialized: (id) => void transports.set(id, transport),
    });
    await paymentsServer(paid).connect(transport as Transport);
    return transport;
  };
  return listen(async (request, response) => {
    const session = request.headers["mcp-session-id"];
    const known = typeof session === "string" ? transports.get(session) : await begin();
    if (known) await known.handleRequest(request, response);
    else response.writeHead(404, { "content-type": "application/json" }).end("{}");
  });
}

/** HTTP with SSE, the transport of 2024-11-05. Resolves to its port. */
export function openSseServer(paid: number[]): Promise<number> {
  const transports = new Map<string, SSEServerTransport>();
  return listen(async (request, response) => {
    if (request.method === "GET") {
      const transport = new SSEServerTransport("/messages", response);
      transports.set(transport.sessionId, transport);
      await paymentsServer(paid).connect(transport);
      return;
    }
    const session = new URL(request.url ?? "", "http://server").searchParams.get("sessionId") ?? "";
    await transports.get(session)?.handlePostMessage(request, response);
  });
}

async function listen(handle: RequestListener): Promise<number> {
  const server = createServer(handle);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return address && typeof address === "object" ? address.port : 0;
}
