/**
 * One backend: a single MCP session shared by all agents' calls, opened when first needed and reopened when the backend no
 * longer knows it. Only then is a call sent again: a backend that answers 404 to a session id did not execute the call.
 *
 * One failed request does not make a backend unhealthy, since the request itself may be slow or invalid: if the backend was
 * reached, it is pinged.
 */

import { randomBytes } from "node:crypto";
import { isObject } from "../../http/json.ts";
import { errorCodes, errorText, notificationText, type Params, resultText } from "../protocol/messages.ts";
import { latestVersion, supportedVersion } from "../protocol/versions.ts";
import { CallerLeft } from "../sessions/exchange.ts";
import { exchange, progressIn, replyIn } from "./upstream-exchange.ts";
import { UpstreamFailure } from "./upstream-failure.ts";
import { type Reply, UpstreamHttp } from "./upstream-http.ts";
import type { UpstreamReply } from "./upstream-reply.ts";

export interface RequestOptions {
  deadlineMs: number;
  signal?: AbortSignal | undefined;
  traceparent?: string | undefined;
  /** Receives the params of each progress notification, without its token. */
  onProgress?: ((progress: Params) => void) | undefined;
  /** Called each time the request is sent. */
  onAttempt?: (() => void) | undefined;
}

export interface InitializeResult {
  capabilities: Record<string, unknown>;
  instructions: string | undefined;
}

export type BackendStatus = "healthy" | "unhealthy" | "unknown";

interface UpstreamSession {
  headers: Readonly<Record<string, string>>;
  /** A backend without session ids cannot lose its session. */
  hasId: boolean;
  about: InitializeResult;
}

const baseHeaders = { "content-type": "application/json", accept: "application/json, text/event-stream" };
const sideMessageDeadlineMs = 2_000;
const shortestRecheckMs = 1_000;
const longestRecheckMs = 5_000;
const clientInfo = { name: "resilience-lab-gateway", version: "0.1.0" };

export class Backend {
  readonly name: string;
  readonly #http: UpstreamHttp;
  readonly #log: (line: string) => void;
  readonly #deadlineMs: number;
  #onRecovered: () => void = () => {};
  readonly #idPrefix = `g${randomBytes(4).toString("hex")}-`;
  #lastId = 0;
  #status: BackendStatus = "unknown";
  #lastError: string | undefined;
  #session: UpstreamSession | undefined;
  #connecting: Promise<UpstreamSession> | undefined;
  #recheck: NodeJS.Timeout | undefined;
  #isPinged = false;
  #closed = false;

  constructor(name: string, url: string, deadlineMs: number, log: (line: string) => void) {
    this.name = name;
    this.#http = new UpstreamHttp(url);
    this.#deadlineMs = deadlineMs;
    this.#log = log;
  }

  /** Called each time the backend answers again after it did not. */
  set onRecovered(listener: () => void) {
    this.#onRecovered = listener;
  }

  get status(): BackendStatus {
    return this.#status;
  }

  get lastError(): string | undefined {
    return this.#lastError;
  }

  /** The backend's initialize result of the current session; connects if there is none. */
  async about(deadlineMs: number): Promise<InitializeResult> {
    return (await this.#connected(performance.now() + deadlineMs, undefined)).about;
  }

  /** Rejects with UpstreamFailure, or with CallerLeft if the signal aborts the request. */
  async request(method: string, params: Params, options: RequestOptions): Promise<UpstreamReply> {
    try {
      const reply = await this.#exchange(method, params, options);
      this.#succeeded();
      return reply;
    } catch (error) {
      if (error instanceof UpstreamFailure) {
        if (error.kind === "refused" || error.kind === "unreachable") this.#failed(error);
        else if (this.#status !== "unhealthy") void this.#ping();
      }
      throw error;
    }
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#recheck);
    this.#http.close();
  }

  async #exchange(method: string, params: Params, options: RequestOptions): Promise<UpstreamReply> {
    if (this.#closed) throw new UpstreamFailure("closed", "the gateway is stopping");
    const endsAt = performance.now() + options.deadlineMs;
    const reply =
      (await this.#attempt(method, params, options, endsAt)) ?? (await this.#attempt(method, params, options, endsAt));
    if (!reply) throw new UpstreamFailure("status", "it rejects its new session");
    return reply;
  }

  /** One request in the current session; undefined if the backend no longer knows that session. */
  async #attempt(
    method: string,
    params: Params,
    options: RequestOptions,
    endsAt: number,
  ): Promise<UpstreamReply | undefined> {
    const session = await this.#connected(endsAt, options.signal);
    this.#lastId += 1;
    const id = this.#idPrefix + this.#lastId;
    const sent = options.onProgress
      ? { ...params, _meta: { ...(isObject(params._meta) ? params._meta : {}), progressToken: id } }
      : params;
    const headers = options.traceparent ? { ...session.headers, traceparent: options.traceparent } : session.headers;
    options.onAttempt?.();
    try {
      const reply = await exchange(this.#http, {
        id,
        body: JSON.stringify({ jsonrpc: "2.0", id, method, params: sent }),
        headers,
        endsAtMs: endsAt,
        signal: options.signal,
        onMessage: (message) => {
          this.#answerRequest(message, session.headers);
          const progress = progressIn(message, id);
          if (progress) options.onProgress?.(progress);
        },
      });
      if (!reply.streamed && session.hasId && mayHaveLostSession(reply.posted)) {
        if (this.#session === session) this.#session = undefined;
        if (reply.posted.status === 404 || method !== "tools/call") return undefined;
      }
      return replyIn(reply, id);
    } catch (error) {
      const left = error instanceof CallerLeft;
      if (left || (error instanceof UpstreamFailure && error.kind === "deadline")) {
        this.#send(
          session.headers,
          notificationText("notifications/cancelled", { requestId: id, reason: error.message }),
        );
      }
      throw error;
    }
  }

  /** The session, opened by the first request that needs it. Each request waits at most until its own deadline. */
  async #connected(endsAt: number, signal: AbortSignal | undefined): Promise<UpstreamSession> {
    if (this.#session) return this.#session;
    this.#connecting ??= this.#initialize()
      .then((session) => {
        this.#session = session;
        this.#succeeded();
        return session;
      })
      .catch((error) => {
        if (error instanceof UpstreamFailure) this.#failed(error);
        throw error;
      })
      .finally(() => {
        this.#connecting = undefined;
      });
    return waitAtMost(this.#connecting, endsAt - performance.now(), signal);
  }

  async #initialize(): Promise<UpstreamSession> {
    this.#lastId += 1;
    const id = this.#idPrefix + this.#lastId;
    const params = { protocolVersion: latestVersion, capabilities: {}, clientInfo };
    const reply = await exchange(this.#http, {
      id,
      body: JSON.stringify({ jsonrpc: "2.0", id, method: "initialize", params }),
      headers: baseHeaders,
      endsAtMs: performance.now() + this.#deadlineMs,
      onMessage: (message, head) => {
        const sessionId = head.headers["mcp-session-id"];
        this.#answerRequest(message, sessionId ? { ...baseHeaders, "mcp-session-id": sessionId } : baseHeaders);
      },
    });
    const { result, errorMessage } = replyIn(reply, id);
    if (!result) throw new UpstreamFailure("malformed", `it refuses to initialize: ${errorMessage}`);
    const version = supportedVersion(result.protocolVersion);
    if (!version) {
      throw new UpstreamFailure(
        "malformed",
        `it speaks protocol ${String(result.protocolVersion)}, which is unsupported`,
      );
    }
    const sessionId = reply.posted.headers["mcp-session-id"];
    const hasId = sessionId !== undefined && sessionId !== "";
    const session: UpstreamSession = {
      headers: { ...baseHeaders, "mcp-protocol-version": version, ...(hasId ? { "mcp-session-id": sessionId } : {}) },
      hasId,
      about: {
        capabilities: isObject(result.capabilities) ? result.capabilities : {},
        instructions: typeof result.instructions === "string" ? result.instructions : undefined,
      },
    };
    const accepted = await this.#post(session.headers, notificationText("notifications/initialized"), this.#deadlineMs);
    if (accepted.status >= 300)
      throw new UpstreamFailure("status", `HTTP ${accepted.status} to notifications/initialized`);
    return session;
  }

  #post(headers: UpstreamSession["headers"], body: string, deadlineMs: number): Promise<Reply> {
    return this.#http.post({ body, headers, deadlineMs, onEvent: () => true });
  }

  /** Sends a message without waiting for the result. */
  #send(headers: UpstreamSession["headers"], body: string): void {
    this.#post(headers, body, sideMessageDeadlineMs).catch(() => {});
  }

  /** The gateway offers backends ping and no other method. */
  #answerRequest({ id, method }: { id: unknown; method: string }, headers: UpstreamSession["headers"]): void {
    if (typeof id !== "string" && typeof id !== "number") return;
    const problem = `Method not found: ${method}`;
    this.#send(headers, method === "ping" ? resultText(id, {}) : errorText(id, errorCodes.methodNotFound, problem));
  }

  #succeeded(): void {
    clearTimeout(this.#recheck);
    this.#recheck = undefined;
    if (this.#status === "healthy") return;
    const hasRecovered = this.#status === "unhealthy";
    this.#status = "healthy";
    this.#lastError = undefined;
    if (!hasRecovered) return;
    this.#log(`backend ${this.name} answers again`);
    this.#onRecovered();
  }

  #failed(failure: UpstreamFailure): void {
    if (this.#closed) return;
    if (this.#status !== "unhealthy") this.#log(`backend ${this.name} is unhealthy: ${failure.message}`);
    this.#status = "unhealthy";
    this.#lastError = failure.message;
    this.#recheckAfter(shortestRecheckMs);
  }

  /** Without calls the backend's recovery would go undetected, so the gateway pings it. */
  #recheckAfter(delayMs: number): void {
    if (this.#recheck || this.#closed) return;
    this.#recheck = setTimeout(async () => {
      await this.#ping();
      this.#recheck = undefined;
      if (this.#status === "unhealthy") this.#recheckAfter(Math.min(delayMs * 2, longestRecheckMs));
    }, delayMs);
    this.#recheck.unref();
  }

  /** Any reply counts, also an error. */
  async #ping(): Promise<void> {
    if (this.#isPinged || this.#closed) return;
    this.#isPinged = true;
    try {
      await this.#exchange("ping", {}, { deadlineMs: sideMessageDeadlineMs });
      this.#succeeded();
    } catch (error) {
      if (error instanceof UpstreamFailure) this.#failed(error);
    } finally {
      this.#isPinged = false;
    }
  }
}

/**
 * 404 by the protocol. Some restarted servers answer 400 and name the session or the missing initialize, which does not
 * prove that the call was not executed: only the session is discarded.
 */
function mayHaveLostSession(reply: Reply): boolean {
  return reply.status === 404 || (reply.status === 400 && /session|initializ/i.test(reply.text.slice(0, 2_000)));
}

function waitAtMost<T>(promise: Promise<T>, ms: number, signal: AbortSignal | undefined): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal?.reason);
    const timer = setTimeout(
      () => reject(new UpstreamFailure("deadline", "no session within the deadline")),
      Math.max(1, ms),
    );
    if (signal?.aborted) onAbort();
    signal?.addEventListener("abort", onAbort, { once: true });
    promise.then(resolve, reject).finally(() => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
    });
  });
}
