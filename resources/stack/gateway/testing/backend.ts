/** A real MCP backend from the SDK, that can be stopped and restarted on the same port, without its earlier sessions. */
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { z } from "zod";
import { freePort } from "../../http/testing/free-port.ts";

interface SeenCall {
  tool: string;
  arguments: Record<string, unknown>;
  /** The session that the gateway has with this backend. */
  session: string | undefined;
  meta: Record<string, unknown> | undefined;
  aborted: boolean;
}

export interface TestBackend {
  url: string;
  /** Sessions that clients have opened and not ended, since the last start. */
  sessions: () => number;
  /** Offers one more tool, and announces it. */
  addTool: (name: string) => void;
  calls: SeenCall[];
  /** Overrides the response to requests; return false to let the SDK answer. */
  intercept: ((request: IncomingMessage, response: ServerResponse, body: string) => boolean) | undefined;
  down: () => Promise<void>;
  up: () => Promise<void>;
}

export async function startBackend(options: { json?: boolean; tools?: string[] } = {}): Promise<TestBackend> {
  const calls: SeenCall[] = [];
  const names = [...(options.tools ?? ["list_items", "create_item", "delete_item"])];
  const servers = new Map<string, McpServer>();
  let server: Server | undefined;
  const port = await freePort();
  const up = async (): Promise<void> => {
    const transports = new Map<string, StreamableHTTPServerTransport>();
    servers.clear();
    server = createServer((request, response) => void handle(request, response, transports));
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
  };
  const down = async (): Promise<void> => {
    if (!server?.listening) return;
    const closed = once(server, "close");
    server.close();
    server.closeAllConnections();
    await closed;
  };
  const handle = async (
    request: IncomingMessage,
    response: ServerResponse,
    transports: Map<string, StreamableHTTPServerTransport>,
  ): Promise<void> => {
    let body = "";
    for await (const chunk of request) body += chunk;
    if (backend.intercept?.(request, response, body)) return;
    const id = request.headers["mcp-session-id"];
    let transport = typeof id === "string" ? transports.get(id) : undefined;
    if (typeof id === "string" && !transport) {
      response.writeHead(404).end();
      return;
    }
    if (!transport) {
      const mcp = makeServer(calls, names);
      const made = new StreamableHTTPServerTransport({
        sessionIdGenerator: randomUUID,
        enableJsonResponse: options.json ?? true,
        onsessioninitialized: (sessionId) => {
          transports.set(sessionId, made);
          servers.set(sessionId, mcp);
        },
        onsessionclosed: (sessionId) => {
          transports.delete(sessionId);
          servers.delete(sessionId);
        },
      });
      transport = made;
      // The SDK's own types are inconsistent under exactOptionalPropertyTypes.
      await mcp.connect(made as Parameters<McpServer["connect"]>[0]);
    }
    await transport.handleRequest(request, response, body === "" ? undefined : JSON.parse(body));
  };
  await up();
  const backend: TestBackend = {
    url: `http://127.0.0.1:${port}/mcp`,
    sessions: () => servers.size,
    addTool: (name) => {
      names.push(name);
      for (const mcp of servers.values()) addTool(mcp, calls, name);
    },
    calls,
    intercept: undefined,
    down,
    up,
  };
  return backend;
}

function makeServer(calls: SeenCall[], names: readonly string[]): McpServer {
  const server = new McpServer({ name: "test-backend", version: "1.0.0" });
  for (const name of names) addTool(server, calls, name);
  server.registerPrompt("greet", {}, () => ({
    messages: [{ role: "user", content: { type: "text", text: "hello" } }],
  }));
  return server;
}

function addTool(server: McpServer, calls: SeenCall[], name: string): void {
  const inputSchema = z.looseObject({ delayMs: z.number().optional(), fail: z.boolean().optional() });
  server.registerTool(name, { inputSchema }, async (toolArguments, { signal, sessionId, _meta, sendNotification }) => {
    const call: SeenCall = { tool: name, arguments: toolArguments, session: sessionId, meta: _meta, aborted: false };
    calls.push(call);
    signal.addEventListener("abort", () => {
      call.aborted = true;
    });
    const progressToken = _meta?.progressToken;
    if (progressToken !== undefined) {
      for (const progress of [1, 2]) {
        await sendNotification({ method: "notifications/progress", params: { progressToken, progress, total: 2 } });
      }
    }
    if (toolArguments.delayMs) await new Promise((resolve) => setTimeout(resolve, toolArguments.delayMs));
    return {
      content: [{ type: "text", text: JSON.stringify(toolArguments) }],
      ...(toolArguments.fail ? { isError: true } : {}),
    };
  });
}
