/**
 * A backend over Streamable HTTP. A call is sent again only after 404 to its session id: a backend that answers so has not
 * executed it.
 */
import { randomBytes } from "node:crypto";
import { isObject } from "../../http/json.ts";
import { errorCodes, errorText, notificationText, type Params, resultText } from "../protocol/messages.ts";
import { CallerLeft } from "../sessions/exchange.ts";
import { endHttpSession, type HttpSession, openHttpSession, postMessage } from "./http-session.ts";
import { HttpSessions, inKnownSession } from "./http-sessions.ts";
import { followTools, toolsChanged } from "./tools-stream.ts";
import type { HttpTarget, InitializeResult, RequestOptions, Upstream, UpstreamOptions } from "./upstream.ts";
import { exchange, progressIn, replyIn } from "./upstream-exchange.ts";
import { closedFailure, UpstreamFailure } from "./upstream-failure.ts";
import { type Reply, UpstreamHttp } from "./upstream-http.ts";
import type { UpstreamReply } from "./upstream-reply.ts";

const sideMessageDeadlineMs = 2_000;

export class HttpUpstream implements Upstream {
  readonly name: string;
  readonly #target: HttpTarget;
  readonly #options: UpstreamOptions;
  readonly #http: UpstreamHttp;
  /** Sessions are ended over connections of their own, which outlast the others. */
  readonly #endingHttp: UpstreamHttp;
  readonly #ending = new Set<Promise<void>>();
  readonly #sessions: HttpSessions<HttpSession>;
  readonly #idPrefix = `g${randomBytes(4).toString("hex")}-`;
  readonly #closed = new AbortController();
  #lastId = 0;
  /** As told to the newest session. */
  #about: InitializeResult | undefined;
  /** The gateway's own session whose stream is being read. */
  #followed: HttpSession | undefined;

  constructor(target: HttpTarget, options: UpstreamOptions) {
    this.name = options.name;
    this.#target = target;
    this.#options = options;
    this.#http = new UpstreamHttp(target.url);
    this.#endingHttp = new UpstreamHttp(target.url);
    this.#sessions = new HttpSessions({
      open: () => this.#open(),
      end: (session) => this.#end(session),
      isShared: target.sharesSession,
    });
  }

  async about(deadlineMs: number): Promise<InitializeResult> {
    const session = await this.#sessions.for(undefined, performance.now() + deadlineMs, undefined);
    this.#follow(session);
    return session.about;
  }

  async request(method: string, params: Params, options: RequestOptions): Promise<UpstreamReply> {
    if (this.#closed.signal.aborted) throw closedFailure();
    const endsAt = performance.now() + options.deadlineMs;
    return inKnownSession(() => this.#attempt(method, params, options, endsAt));
  }

  beginClient(client: string): Promise<void> {
    return this.#sessions.begin(client);
  }

  endClient(client: string): void {
    this.#sessions.end(client);
  }

  async close(): Promise<void> {
    this.#closed.abort();
    this.#sessions.close();
    this.#http.close();
    await Promise.all(this.#ending);
    this.#endingHttp.close();
  }

  /** One request in the current session; undefined if the backend no longer knows that session. */
  async #attempt(
    method: string,
    params: Params,
    options: RequestOptions,
    endsAt: number,
  ): Promise<UpstreamReply | undefined> {
    const session = await this.#sessions.for(options.client, endsAt, options.signal);
    const id = this.#nextId();
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
          this.#take(message, session.headers);
          const progress = progressIn(message, id);
          if (progress) options.onProgress?.(progress);
        },
      });
      if (!reply.streamed && session.hasId && mayHaveLostSession(reply.posted)) {
        this.#sessions.lost(session, options.client);
        if (reply.posted.status === 404 || method !== "tools/call") return undefined;
      }
      return replyIn(reply, id);
    } catch (error) {
      const isCancelled = error instanceof CallerLeft && error.cancels;
      if (isCancelled || (error instanceof UpstreamFailure && error.kind === "deadline")) {
        const params = { requestId: id, reason: error.message };
        this.#send(session.headers, notificationText("notifications/cancelled", params));
      }
      throw error;
    }
  }

  async #open(): Promise<HttpSession> {
    const { headers } = this.#target;
    const { deadlineMs } = this.#options;
    const id = this.#nextId();
    const onMessage = this.#take;
    const known = this.#about;
    const session = await openHttpSession(this.#http, { id, headers, deadlineMs, known, onMessage });
    this.#about = session.about;
    return session;
  }

  #end(session: HttpSession): void {
    const ending = endHttpSession(this.#endingHttp, session).finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
  }

  #follow(session: HttpSession): void {
    const { tools } = session.about.capabilities;
    if (this.#followed === session || !isObject(tools) || tools.listChanged !== true) return;
    this.#followed = session;
    const isCurrent = () => this.#followed === session;
    const take = (message: { method: string; id: unknown }) => this.#take(message, session.headers);
    void followTools(
      this.#http,
      session,
      { isCurrent, onMessage: take, onSign: this.#options.onSign },
      this.#closed.signal,
    );
  }

  /** A request or notification of the backend. The gateway offers backends ping and no other method. */
  readonly #take = ({ id, method }: { id: unknown; method: string }, headers: HttpSession["headers"]): void => {
    if (method === toolsChanged) this.#options.onToolsChanged();
    if (typeof id !== "string" && typeof id !== "number") return;
    const problem = `Method not found: ${method}`;
    this.#send(headers, method === "ping" ? resultText(id, {}) : errorText(id, errorCodes.methodNotFound, problem));
  };

  /** Sends a message without waiting for the result. */
  #send(headers: HttpSession["headers"], body: string): void {
    postMessage(this.#http, headers, body, sideMessageDeadlineMs).catch(() => {});
  }

  #nextId(): string {
    this.#lastId += 1;
    return this.#idPrefix + this.#lastId;
  }
}

/**
 * 404 by the protocol. Some restarted servers answer 400 and name the session or the missing initialize, which does not
 * prove that the call was not executed: only the session is discarded.
 */
function mayHaveLostSession(reply: Reply): boolean {
  return reply.status === 404 || (reply.status === 400 && /session|initializ/i.test(reply.text.slice(0, 2_000)));
}
