/**
 * MCP sessions over Streamable HTTP: one transport and one tool server each. Sessions end after an idle timeout, and at the
 * limit the longest idle one is evicted, so that clients that never send DELETE cannot exhaust memory.
 */
import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { isInitializeRequest } from "@modelcontextprotocol/sdk/types.js";
import { sendJson } from "../http/serve.ts";
import { traceServer } from "../telemetry/traced-transport.ts";
import { forgetAnswered } from "./forget-answered.ts";

const sessionLimit = 1_000;
const idleLimitMs = 30 * 60_000;

interface Session {
  transport: StreamableHTTPServerTransport;
  usedAtMs: number;
}

export interface SessionsOptions {
  /** One for each session, all on the same data. */
  createServer: () => McpServer;
  /** Replies are event streams, which may have progress before the response; else JSON, which is cheaper. */
  sendsProgress?: boolean;
}

export class Sessions {
  readonly #createServer: () => McpServer;
  readonly #sendsProgress: boolean;
  readonly #onMessage: (body: unknown) => void;
  /** In order of use, least recently used first. */
  readonly #sessions = new Map<string, Session>();

  /** `onMessage` receives every body that is passed to a session. */
  constructor({ createServer, sendsProgress = false }: SessionsOptions, onMessage: (body: unknown) => void) {
    this.#createServer = createServer;
    this.#sendsProgress = sendsProgress;
    this.#onMessage = onMessage;
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** `body` is the parsed body of a POST. */
  async handle(request: IncomingMessage, response: ServerResponse, body?: unknown): Promise<void> {
    const id = request.headers["mcp-session-id"];
    if (id === undefined && isInitialize(body)) {
      const transport = await this.#begin();
      return transport.handleRequest(request, response, body);
    }
    if (typeof id !== "string") {
      return refuse(response, 400, -32000, "Bad Request: Mcp-Session-Id header is required");
    }
    const session = this.#sessions.get(id);
    if (!session) return refuse(response, 404, -32001, "Session not found");
    this.#use(id, session);
    if (body !== undefined) this.#onMessage(body);
    await session.transport.handleRequest(request, response, body);
    forgetAnswered(session.transport);
  }

  async closeAll(): Promise<void> {
    await Promise.all([...this.#sessions.values()].map(({ transport }) => transport.close()));
  }

  async #begin(): Promise<StreamableHTTPServerTransport> {
    await this.#makeRoom();
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: () => randomUUID(),
      enableJsonResponse: !this.#sendsProgress,
      onsessioninitialized: (id) => this.#use(id, { transport, usedAtMs: 0 }),
    });
    // Set before connecting: the protocol layer then calls it after its own handler.
    transport.onclose = () => {
      if (transport.sessionId !== undefined) this.#sessions.delete(transport.sessionId);
    };
    // Under exactOptionalPropertyTypes the SDK's class does not match the SDK's own interface.
    traceServer(transport as Transport);
    await this.#createServer().connect(transport as Transport);
    return transport;
  }

  #use(id: string, session: Session): void {
    this.#sessions.delete(id);
    session.usedAtMs = Date.now();
    this.#sessions.set(id, session);
  }

  async #makeRoom(): Promise<void> {
    for (const { transport, usedAtMs } of [...this.#sessions.values()]) {
      if (this.#sessions.size < sessionLimit && Date.now() - usedAtMs < idleLimitMs) break;
      await transport.close();
    }
  }
}

function isInitialize(body: unknown): boolean {
  return isInitializeRequest(body) || (Array.isArray(body) && body.some((message) => isInitializeRequest(message)));
}

function refuse(response: ServerResponse, status: number, code: number, message: string): void {
  sendJson(response, status, { jsonrpc: "2.0", error: { code, message }, id: null });
}
