import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { z } from "zod";

/** What this server wants of each request. */
export const GATEWAY_TOKEN = "not-to-be-stored-5d1f";

/**
 * A server of the MCP SDK over Streamable HTTP, without sessions, at `/team/mcp`: a gateway that runs elsewhere. It has one
 * tool, `greet`, and refuses requests without its token.
 */
export async function gatewayServer() {
  const asked: IncomingMessage["headers"][] = [];
  const server = createServer(async (request, response) => {
    asked.push(request.headers);
    if (request.url !== "/team/mcp") return response.writeHead(404).end();
    if (request.headers.authorization !== `Bearer ${GATEWAY_TOKEN}`) {
      return response.writeHead(401, { "www-authenticate": "Bearer" }).end();
    }
    const transport = new StreamableHTTPServerTransport({});
    const mcp = new McpServer({ name: "elsewhere", version: "1" });
    mcp.registerTool("greet", { inputSchema: { name: z.string() } }, ({ name }) => ({
      content: [{ type: "text", text: `hello ${name}` }],
    }));
    response.once("close", () => void mcp.close());
    await mcp.connect(transport as never);
    return transport.handleRequest(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/team/mcp`,
    asked,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
