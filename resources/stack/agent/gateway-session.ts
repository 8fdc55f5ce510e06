/** One MCP session with the gateway, for one run. */
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport, StreamableHTTPError } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { type CallToolResult, CallToolResultSchema } from "@modelcontextprotocol/sdk/types.js";
import { ConnectionLost } from "./call-error.ts";
import { patientFetch } from "./patient-fetch.ts";
import type { ToolDescription } from "./planner.ts";

/** Longer than any approval is waited for by default, so that the gateway's `expired` arrives before it. */
const callTimeoutMs = 6 * 60_000;
const handshakeTimeoutMs = 30_000;
const farewellTimeoutMs = 1_000;
/** What an answer that came just before the end of its stream may need to pass through the SDK. */
const settleMs = 100;
const toolPageLimit = 50;
/** For 3.3 s in all, a second more than the SDK's own; the first after a quarter of its second, since gateways are near. */
const reconnectionOptions = {
  initialReconnectionDelay: 250,
  reconnectionDelayGrowFactor: 1.5,
  maxReconnectionDelay: 5_000,
  maxRetries: 5,
};

interface Connection {
  client: Client;
  transport: StreamableHTTPClientTransport;
}

export interface GatewaySessionOptions {
  url: string;
  turnId: string;
  signal: AbortSignal;
}

export class GatewaySession {
  readonly #options: GatewaySessionOptions;
  #connection: Connection | undefined;
  #onStreamEnd: () => void = () => {};
  #onResumeFailed: () => void = () => {};

  constructor(options: GatewaySessionOptions) {
    this.#options = options;
  }

  /** Empty as long as the gateway has given none. */
  get id(): string {
    return this.#connection?.transport.sessionId ?? "";
  }

  async listTools(): Promise<ToolDescription[]> {
    return this.#inSession(async ({ client }) => {
      const tools: ToolDescription[] = [];
      let cursor: string | undefined;
      for (let page = 0; page < toolPageLimit; page += 1) {
        const params = cursor === undefined ? {} : { cursor };
        const result = await this.#cancellable((signal) =>
          client.listTools(params, { timeout: handshakeTimeoutMs, signal }),
        );
        tools.push(...result.tools.map(({ name, description, inputSchema }) => ({ name, description, inputSchema })));
        cursor = result.nextCursor;
        if (cursor === undefined) break;
      }
      return tools;
    });
  }

  call(name: string, args: Record<string, unknown>): Promise<CallToolResult> {
    return this.#inSession(async ({ client }) => {
      let isResumable = false;
      const lost = Promise.withResolvers<never>();
      // The SDK waits on for an answer whose stream has ended. It resumes a stream that has event ids; any other is lost.
      this.#onStreamEnd = () => {
        if (isResumable) this.#onResumeFailed = () => lost.reject(new ConnectionLost());
        else setTimeout(() => lost.reject(new ConnectionLost()), settleMs);
      };
      try {
        return await this.#cancellable((signal) => {
          const answer = client.callTool({ name, arguments: args }, CallToolResultSchema, {
            timeout: callTimeoutMs,
            resetTimeoutOnProgress: true,
            // Asking for progress is what lets the gateway send it.
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

  /** Says goodbye and drops every connection. Never throws: the session's end is not the caller's problem. */
  async close(): Promise<void> {
    const connection = this.#connection;
    if (!connection) return;
    const patience = Promise.withResolvers<void>();
    const timer = setTimeout(patience.resolve, farewellTimeoutMs);
    await Promise.race([connection.transport.terminateSession().catch(() => {}), patience.promise]);
    clearTimeout(timer);
    await connection.client.close().catch(() => {});
  }

  /**
   * Opens the session when there is none. A gateway that no longer knows the session answers 404 without having acted on
   * the request, and MCP asks for a new session then: that request is sent once more.
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
   * Gives a request a signal of its own, aborted with the run's as long as the request is not over. The SDK listens to a
   * signal for ever and would, at the end of a run, tell the gateway that each request ever answered is cancelled.
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
    const { url, turnId } = this.#options;
    const transport = new StreamableHTTPClientTransport(new URL(url), {
      requestInit: { headers: { "X-Mcp-Turn-Id": turnId } },
      fetch: patientFetch({
        onStreamEnd: () => this.#onStreamEnd(),
        // The SDK would go on asking: it knows no answer from one that will never be another.
        onSessionGone: () => this.#onResumeFailed(),
      }),
      reconnectionOptions,
    });
    const client = new Client({ name: "resilience-lab-agent", version: "1.0.0" });
    // Other failures reject the request they belong to, or are those of the GET stream, which is optional.
    client.onerror = ({ message }) => {
      if (message.startsWith("Maximum reconnection attempts")) this.#onResumeFailed();
    };
    try {
      // The SDK's class declares its callbacks wider than its own interface does under exactOptionalPropertyTypes.
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
