/**
 * A backend over HTTP+SSE. Each client has a session of its own, as over Streamable HTTP. A call is sent again only after 404 to
 * its POST: a backend that answers so does not know the session, and has not executed the call.
 */
import type { Params } from "../protocol/messages.ts";
import { HttpSessions, inKnownSession } from "./http-sessions.ts";
import { SessionLost, SseSession } from "./sse-session.ts";
import { toolsChanged } from "./tools-stream.ts";
import type { HttpTarget, InitializeResult, RequestOptions, Upstream, UpstreamOptions } from "./upstream.ts";
import { closedFailure } from "./upstream-failure.ts";
import { UpstreamHttp } from "./upstream-http.ts";
import type { UpstreamReply } from "./upstream-reply.ts";

export class SseUpstream implements Upstream {
  readonly name: string;
  readonly #target: HttpTarget;
  readonly #options: UpstreamOptions;
  readonly #http: UpstreamHttp;
  readonly #sessions: HttpSessions<SseSession>;
  /** Also those that are being opened. */
  readonly #open = new Set<SseSession>();
  #isClosed = false;

  constructor(target: HttpTarget, options: UpstreamOptions) {
    this.name = options.name;
    this.#target = target;
    this.#options = options;
    this.#http = new UpstreamHttp(target.url);
    this.#sessions = new HttpSessions({
      open: () => this.#begin(),
      end: (session) => this.#end(session),
      isShared: target.sharesSession,
    });
  }

  async about(deadlineMs: number): Promise<InitializeResult> {
    return (await this.#sessions.for(undefined, performance.now() + deadlineMs, undefined)).about;
  }

  async request(method: string, params: Params, options: RequestOptions): Promise<UpstreamReply> {
    if (this.#isClosed) throw closedFailure();
    const endsAtMs = performance.now() + options.deadlineMs;
    return inKnownSession(() => this.#attempt(method, params, options, endsAtMs));
  }

  beginClient(client: string): Promise<void> {
    return this.#sessions.begin(client);
  }

  endClient(client: string): void {
    this.#sessions.end(client);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const session of this.#open) session.end(closedFailure());
    this.#sessions.close();
    this.#http.close();
  }

  /** One request in the current session; undefined if the backend no longer knows that session. */
  async #attempt(
    method: string,
    params: Params,
    options: RequestOptions,
    endsAtMs: number,
  ): Promise<UpstreamReply | undefined> {
    const session = await this.#sessions.for(options.client, endsAtMs, options.signal);
    options.signal?.throwIfAborted();
    options.onAttempt?.();
    const deadlineMs = Math.max(1, Math.round(endsAtMs - performance.now()));
    try {
      return await session.request(method, params, { ...options, deadlineMs });
    } catch (error) {
      if (!(error instanceof SessionLost)) throw error;
      this.#sessions.lost(session, options.client);
      this.#end(session);
      return undefined;
    }
  }

  async #begin(): Promise<SseSession> {
    const session = new SseSession({
      target: this.#target,
      http: this.#http,
      deadlineMs: this.#options.deadlineMs,
      onNotification: (method) => {
        if (method === toolsChanged) this.#options.onToolsChanged();
      },
      onEnd: (ended) => {
        this.#open.delete(ended);
        this.#sessions.lost(ended, undefined);
        this.#options.onSign("fails");
      },
    });
    this.#open.add(session);
    try {
      await session.begin();
      return session;
    } catch (error) {
      this.#end(session);
      throw error;
    }
  }

  #end(session: SseSession): void {
    this.#open.delete(session);
    session.end();
  }
}
