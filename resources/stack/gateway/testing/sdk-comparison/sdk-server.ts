/**
 * The SDK's server in the two ways its documentation shows: in its Express application, which parses the body, and as a
 * bare handler of node:http, which leaves that to the transport. One client's session at a time, so that the transport
 * itself judges each session id.
 */
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createMcpExpressApp } from "@modelcontextprotocol/sdk/server/express.js";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { z } from "zod";

export interface SdkServer {
  port: number;
  /** Ends the session, if any; the next initialize opens one. */
  reset: () => Promise<void>;
  stop: () => Promise<void>;
}

export function startInExpress(): Promise<SdkServer> {
  const app = createMcpExpressApp();
  return start(app, (transport) => {
    app.all("/mcp", (request: IncomingMessage & { body?: unknown }, response: ServerResponse) => {
      void transport().handleRequest(request, response, request.body);
    });
  });
}

export function startBare(): Promise<SdkServer> {
  let current: (() => StreamableHTTPServerTransport) | undefined;
  return start(
    (request, response) => void current?.().handleRequest(request, response),
    (transport) => {
      current = transport;
    },
  );
}

async function start(
  listener: RequestListener,
  route: (transport: () => StreamableHTTPServerTransport) => void,
): Promise<SdkServer> {
  let transport = await connectedTransport();
  route(() => transport);
  const server: Server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    reset: async () => {
      await transport.close();
      transport = await connectedTransport();
    },
    stop: async () => {
      await transport.close();
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** As a server of the gateway's tools: `echo` returns its arguments as JSON. */
async function connectedTransport(): Promise<StreamableHTTPServerTransport> {
  const server = new McpServer({ name: "sdk", version: "1.0.0" });
  server.registerTool("echo", { inputSchema: z.looseObject({}) }, (toolArguments) => ({
    content: [{ type: "text", text: JSON.stringify(toolArguments) }],
  }));
  const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: randomUUID, enableJsonResponse: true });
  // The SDK's own types are inconsistent under exactOptionalPropertyTypes.
  await server.connect(transport as Parameters<McpServer["connect"]>[0]);
  return transport;
}
