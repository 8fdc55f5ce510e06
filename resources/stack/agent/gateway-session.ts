/** One MCP session with the gateway, used for one run. */
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport, StreamableHTTPError } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { type CallToolResult, CallToolResultSchema } from "@modelcontextprotocol/sdk/types.js";
import { isObject } from "../http/json.ts";
import type { TraceContext } from "../telemetry/span.ts";
import { traceClient } from "../telemetry/traced-transport.ts";
import { ConnectionLost } from "./call-error.ts";
import { nodeHttpFetch } from "./node-http-fetch.ts";
import type { ToolDescription } from "./planner.ts";

/** Longer than the default approval timeout, so that the gateway's `expired` arrives first. */
const callTimeoutMs = 6 * 60_000;
const handshakeTimeoutMs = 30_000;
const terminateTimeoutMs = 1_000;
/** Time for the SDK to deliver a response that arrived just before its stream ended. */
const settleMs = 100;
const toolPageLimit = 50;
/** 3.3 s in total, one second more than the SDK's default; the first attempt after 250 ms, since gateways are local. */
const reconnectionOptions = {
  initialReconnectionDelay: 250,
  reconnectionDelayGrowFactor: 1.5,
  maxReconnectionDelay: 5_000,
  maxRetries: 5,
};

/** In `_meta` of the gateway's list: `[{backend, reason}]`, whose tools the list lacks. */
const missingBackends = "resilience-lab/missingBackends";

interface ListedTools {
  tools: ToolDescription[];
  /** Services behind the gateway whose tools are not listed, and why. */
  missing: string[];
}

interface Connection {
  client: Client;
  transport: StreamableHTTPClientTransport;
}

export interface GatewaySessionOptions {
  url: string;
  turnId: string;
  signal: AbortSignal;
  /** Of the span that the session is part of. */
  trace?: TraceContext | undefined;
}

function missingIn(meta: Record<string, unknown> | undefined): string[] {
  const list = meta?.[missingBackends];
  return (Array.isArray(list) ? list : [])
    .filter(isObject)
    .map(({ backend, reason }) => `${backend} is not available (${reason})`);
}

export class GatewaySession {
  readonly #options: GatewaySessionOptions;
  #connection: Connection | undefined;
  #onStreamEnd: () => void = () => {};
  #onResumeFailed: () => void = () => {};

  constructor(options: GatewaySessionOptions) {
    this.#options = options;
  }

  /** Empty until the gateway has assigned one. */
  get id(): string {
    return this.#connection?.transport.sessionId ?? "";
  }

  async listTools(): Promise<ListedTools> {
    return this.#inSession(async ({ client }) => {
      const tools: ToolDescription[] = [];
      const missing: string[] = [];
      let cursor: string | undefined;
      for (let page = 0; page < toolPageLimit; page += 1) {
        const params = cursor === undefined ? {} : { cursor };
        const result = await this.#cancellable((signal) =>
          client.listTools(params, { timeout: handshakeTimeoutMs, signal }),
        );
        tools.push(...result.tools.map(({ name, description, inputSchema }) => ({ name, description, inputSchema })));
        missing.push(...missingIn(result._meta));
        cursor = result.nextCursor;
        if (cursor === undefined) break;
      }
      return { tools, missing };
    });
  }

  call(name: string, args: Record<string, unknown>): Promise<CallToolResult> {
    return this.#inSession(async ({ client }) => {
      let isResumable = false;
      const lost = Promise.withResolvers<never>();
      // The SDK keeps waiting after the response stream has ended. It resumes streams with event ids; others are lost.
      this.#onStreamEnd = () => {
        if (isResumable) this.#onResumeFailed = () => lost.reject(new ConnectionLost());
        else setTimeout(() => lost.reject(new ConnectionLost()), settleMs);
      };
      try {
        return await this.#cancellable((signal) => {
          const answer = client.callTool({ name, arguments: args }, CallToolResultSchema, {
            timeout: callTimeoutMs,
            resetTimeoutOnProgress: true,
            // The gateway sends progress only if the request asks for it.
            onprogress: () => {},
            onresumptiontoken: () => {
              isResumable = true;
            },
            signal,
          });
          return Promise.race([answer as Promise<CallToolResult>, lost.promise]);
        });
      } finally {
        this.#onStreamEnd = () => {};
        this.#onResumeFailed = () => {};
        lost.promise.catch(() => {});
      }
    });
  }

  /** Ends the session with DELETE and closes every connection. Never throws. */
  async close(): Promise<void> {
    const connection = this.#connection;
    if (!connection) return;
    const timeout = Promise.withResolvers<void>();
    const timer = setTimeout(timeout.resolve, terminateTimeoutMs);
    await Promise.race([connection.transport.terminateSession().catch(() => {}), timeout.promise]);
    clearTimeout(timer);
    await connection.client.close().catch(() => {});
  }

  /**
   * Opens the session if none is open. A gateway that no longer knows the session answers 404 without executing the
   * request; as MCP requires, a new session is opened and the request is sent once more.
   */
  async #inSession<T>(act: (connection: Connection) => Promise<T>): Promise<T> {
    this.#connection ??= await this.#connect();
    try {
      return await act(this.#connection);
    } catch (error) {
      if (!(error instanceof StreamableHTTPError) || error.code !== 404) throw error;
      await this.#connection.client.close();
      this.#connection = await this.#connect();
      return act(this.#connection);
    }
  }

  /**
   * Gives a request its own signal, aborted with the run's while the request is pending. The SDK never removes its listener
   * and would otherwise, at the end of a run, send a cancellation for each request that was already answered.
   */
  async #cancellable<T>(request: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const own = new AbortController();
    const cancel = (): void => own.abort(new Error("the run was cancelled"));
    const { signal } = this.#options;
    signal.throwIfAborted();
    signal.addEventListener("abort", cancel);
    try {
      return await request(own.signal);
    } finally {
      signal.removeEventListener("abort", cancel);
    }
  }

  async #connect(): Promise<Connection> {
    const { url, turnId, trace = {} } = this.#options;
    const transport = new StreamableHTTPClientTransport(new URL(url), {
      requestInit: { headers: { "X-Mcp-Turn-Id": turnId } },
      fetch: nodeHttpFetch({
        onStreamEnd: () => this.#onStreamEnd(),
        // The SDK would keep retrying: it does not distinguish a permanent failure from a temporary one.
        onSessionGone: () => this.#onResumeFailed(),
      }),
      reconnectionOptions,
    });
    traceClient(transport as Transport, trace);
    const client = new Client({ name: "resilience-lab-agent", version: "1.0.0" });
    // Other failures reject their own request, or belong to the GET stream, which is optional.
    client.onerror = ({ message }) => {
      if (message.startsWith("Maximum reconnection attempts")) this.#onResumeFailed();
    };
    try {
      // Under exactOptionalPropertyTypes the SDK's class does not match the SDK's own interface.
      await this.#cancellable((signal) =>
        client.connect(transport as Transport, { timeout: handshakeTimeoutMs, signal }),
      );
    } catch (error) {
      await client.close().catch(() => {});
      throw error;
    }
    return { client, transport };
  }
}
