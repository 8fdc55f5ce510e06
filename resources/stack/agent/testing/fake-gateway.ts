/** For tests: a minimal MCP server as the gateway, on which a test controls how each call ends. */
import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { type RunningService, readJsonObject, sendJson, serve } from "../../http/serve.ts";

export interface RpcRequest {
  id?: number;
  method: string;
  params?: { name?: string; requestId?: number; arguments?: Record<string, unknown>; _meta?: Record<string, unknown> };
}

export interface FakeGateway {
  service: RunningService;
  url: string;
  /** Every received message, with its request's headers. */
  seen: { message: RpcRequest; headers: IncomingMessage["headers"] }[];
  /** Messages of one method. */
  messages: (method: string) => RpcRequest[];
  /** The ids of known sessions; clear them to simulate a restarted gateway. */
  sessions: Set<string>;
  /** The Last-Event-ID of each request to resume a stream. */
  resumptions: string[];
}

export interface FakeGatewayOptions {
  tools?: string[];
  /** Answers a tools/call. */
  onCall: (request: RpcRequest, response: ServerResponse, gateway: FakeGateway) => void;
}

export const rpcResult = (response: ServerResponse, id: number | undefined, result: object): void =>
  sendJson(response, 200, { jsonrpc: "2.0", id, result });

export const rpcError = (response: ServerResponse, id: number | undefined, error: object, status = 200): void =>
  sendJson(response, status, { jsonrpc: "2.0", id, error });

export async function startFakeGateway({ tools = [], onCall }: FakeGatewayOptions): Promise<FakeGateway> {
  const sessions = new Set<string>();
  const seen: FakeGateway["seen"] = [];
  const resumptions: string[] = [];
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (request.method === "GET") {
      const resumed = request.headers["last-event-id"];
      if (typeof resumed === "string") resumptions.push(resumed);
      const isKnown = sessions.has(String(request.headers["mcp-session-id"]));
      return void response.writeHead(isKnown ? 405 : 404).end();
    }
    if (request.method === "DELETE") return void response.writeHead(200).end();
    const message = (await readJsonObject(request)) as unknown as RpcRequest;
    seen.push({ message, headers: request.headers });
    if (message.method === "initialize") {
      const id = randomUUID();
      sessions.add(id);
      response.setHeader("mcp-session-id", id);
      const serverInfo = { name: "fake", version: "1" };
      return rpcResult(response, message.id, {
        protocolVersion: "2025-06-18",
        capabilities: { tools: {} },
        serverInfo,
      });
    }
    if (!sessions.has(String(request.headers["mcp-session-id"]))) {
      return rpcError(response, message.id, { code: -32001, message: "Session not found" }, 404);
    }
    if (message.id === undefined) return void response.writeHead(202).end();
    if (message.method === "tools/call") return onCall(message, response, gateway);
    const listed = tools.map((name) => ({ name, description: name, inputSchema: { type: "object" } }));
    return rpcResult(response, message.id, { tools: listed });
  };
  const service = await serve({ name: "fake", host: "127.0.0.1", port: 0, allowedHosts: [], graceMs: 1, handle });
  const gateway: FakeGateway = {
    service,
    url: `${service.url}/mcp`,
    seen,
    messages: (method) => seen.map(({ message }) => message).filter((message) => message.method === method),
    sessions,
    resumptions,
  };
  return gateway;
}
