import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { SSEServerTransport } from "@modelcontextprotocol/sdk/server/sse.js";
import { onTestFinished } from "vitest";

/**
 * A server of the MCP SDK that speaks HTTP+SSE alone, with one tool, `greet`. Ends with the test.
 * @param authorization what each request has to carry
 */
export async function sseServer({ path = "/sse", authorization }: { path?: string; authorization?: string } = {}) {
  const streams = new Map<string, SSEServerTransport>();
  const asked: IncomingMessage[] = [];
  const server = createServer(async (request, response) => {
    asked.push(request);
    const { pathname, searchParams } = new URL(request.url ?? "", "http://server");
    if (authorization !== undefined && request.headers.authorization !== authorization) {
      response.writeHead(401).end();
    } else if (request.method === "GET" && pathname === path) {
      const transport = new SSEServerTransport("/messages", response);
      streams.set(transport.sessionId, transport);
      response.once("close", () => streams.delete(transport.sessionId));
      const mcp = new McpServer({ name: "older", version: "1" });
      mcp.registerTool("greet", {}, () => ({ content: [{ type: "text", text: "hello" }] }));
      await mcp.connect(transport);
    } else if (request.method === "POST" && pathname === "/messages") {
      const transport = streams.get(searchParams.get("sessionId") ?? "");
      if (transport === undefined) response.writeHead(404).end();
      else await transport.handlePostMessage(request, response);
    } else {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, streams, asked, server };
}
