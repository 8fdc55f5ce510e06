/**
 * One MCP session with a backend over HTTP+SSE (revision 2024-11-05): an event stream for all that the backend sends, and POSTs
 * to the address that the stream names first. The session ends with its stream.
 */
import type { Params } from "../protocol/messages.ts";
import { initialize } from "./initialize.ts";
import { PendingRequests } from "./pending-requests.ts";
import type { HttpTarget, InitializeResult, RequestOptions } from "./upstream.ts";
import { statusFailure, UpstreamFailure } from "./upstream-failure.ts";
import { UpstreamHttp } from "./upstream-http.ts";
import type { UpstreamReply } from "./upstream-reply.ts";

const longestStreamMs = 24 * 60 * 60_000;
const eventTypes = ["message", "endpoint"];

/** The backend does not know the session, and has not executed the request. */
export class SessionLost extends UpstreamFailure {
  constructor() {
    super("status", "HTTP 404: it does not know its own session");
  }
}

export interface SseSessionOptions {
  target: HttpTarget;
  /** For the POSTs. A stream has a connection of its own, of which it takes none from them. */
  http: UpstreamHttp;
  deadlineMs: number;
  onNotification: (method: string) => void;
  onEnd: (session: SseSession) => void;
}

export class SseSession {
  readonly hasId = true;
  readonly #options: SseSessionOptions;
  readonly #stream: UpstreamHttp;
  readonly #requests: PendingRequests;
  readonly #stop = new AbortController();
  readonly #endpoint = Promise.withResolvers<string>();
  #target = "";
  #about: InitializeResult | undefined;

  constructor(options: SseSessionOptions) {
    this.#options = options;
    this.#stream = new UpstreamHttp(options.target.url);
    this.#requests = new PendingRequests({
      send: (text) => this.#post(text),
      onNotification: options.onNotification,
    });
  }

  /** Once, before any request. Rejects with UpstreamFailure. */
  async begin(): Promise<void> {
    const { deadlineMs } = this.#options;
    const endsAtMs = performance.now() + deadlineMs;
    this.#endpoint.promise.catch(() => {});
    void this.#read();
    const late = new UpstreamFailure("deadline", `its stream named no endpoint within ${deadlineMs} ms`);
    const timer = setTimeout(() => this.end(late), deadlineMs);
    try {
      this.#target = await this.#endpoint.promise;
    } finally {
      clearTimeout(timer);
    }
    this.#about = await initialize(this.#requests, Math.max(1, Math.round(endsAtMs - performance.now())));
  }

  get about(): InitializeResult {
    if (!this.#about) throw new Error("the session is not open");
    return this.#about;
  }

  request(method: string, params: Params, options: RequestOptions): Promise<UpstreamReply> {
    if (this.#stop.signal.aborted) return Promise.reject(this.#stop.signal.reason);
    return this.#requests.request(method, params, options);
  }

  end(reason = new UpstreamFailure("closed", "the session has ended")): void {
    if (this.#stop.signal.aborted) return;
    this.#stop.abort(reason);
    this.#stream.close();
    this.#endpoint.reject(reason);
    this.#requests.failAll(reason);
  }

  /** Reads the stream until it ends, and with it the session. Never rejects. */
  async #read(): Promise<void> {
    const { headers } = this.#options.target;
    try {
      const { status } = await this.#stream.post({
        method: "GET",
        body: "",
        headers: { ...headers, accept: "text/event-stream" },
        deadlineMs: longestStreamMs,
        signal: this.#stop.signal,
        eventTypes,
        onEvent: (data, _head, type) => {
          if (type === "endpoint") this.#take(data);
          else this.#requests.take(data);
          return false;
        },
      });
      const isStream = status >= 200 && status < 300;
      this.#ended(isStream ? new UpstreamFailure("reset", "its event stream has ended") : statusFailure(status));
    } catch (error) {
      this.#ended(error instanceof UpstreamFailure ? error : new UpstreamFailure("closed", String(error)));
    }
  }

  /** The address for POSTs, which must be of the backend's own origin: the requests to it carry its credentials. */
  #take(endpoint: string): void {
    const { url } = this.#options.target;
    const named = URL.parse(endpoint, url);
    if (named?.origin === new URL(url).origin) this.#endpoint.resolve(named.pathname + named.search);
    else this.end(new UpstreamFailure("malformed", `its stream names an endpoint of another origin: ${endpoint}`));
  }

  #ended(reason: UpstreamFailure): void {
    if (this.#stop.signal.aborted) return;
    this.end(reason.kind === "malformed" ? new UpstreamFailure("reset", "its event stream has ended") : reason);
    this.#options.onEnd(this);
  }

  async #post(body: string): Promise<void> {
    const { http, target, deadlineMs } = this.#options;
    const reply = await http.post({
      target: this.#target,
      body,
      headers: { ...target.headers, "content-type": "application/json" },
      deadlineMs,
      signal: this.#stop.signal,
      onEvent: () => true,
    });
    if (reply.status === 404) throw new SessionLost();
    if (reply.status >= 300) throw statusFailure(reply.status, "", reply.headers["retry-after"]);
  }
}
