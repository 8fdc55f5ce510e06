/**
 * One POST to a backend: status, headers and the whole reply within one deadline. An SSE reply is read event by event until
 * `onEvent` returns true.
 *
 * Never retries: at this level it is unknown whether a failed call was executed.
 */
import { type Connection, Connections } from "./connections.ts";
import { EventParser } from "./event-parser.ts";
import { HttpResponseParser, MalformedResponse, type ResponseHead } from "./http-response-parser.ts";
import { classifySocketError, UpstreamFailure } from "./upstream-failure.ts";

/** Of a reply, or of one event of a stream. */
const replyLimitBytes = 16 * 1024 * 1024;
const messagesOnly = ["message"];

export interface Post {
  /** `GET` opens or resumes a stream, `DELETE` ends a session; neither has a body. */
  method?: "GET" | "POST" | "DELETE" | undefined;
  body: string;
  headers: Readonly<Record<string, string>>;
  deadlineMs: number;
  signal?: AbortSignal | undefined;
  /** Receives the data of each event of a streamed reply, and the reply's head; true ends the reading. */
  onEvent: (data: string, head: ResponseHead, type: string) => boolean;
  /** Path and query; undefined: those of the backend's address. */
  target?: string | undefined;
  /** Events of other types, such as pings, are skipped. */
  eventTypes?: readonly string[] | undefined;
}

export interface Reply extends ResponseHead {
  /** The body of a reply that was not streamed. */
  text: string;
  /** Of a stream that has ended or was cut before the wanted event, and from which it can be resumed. */
  resume?: { lastEventId: string; afterMs: number } | undefined;
}

/** As the official SDK's client waits where the server does not say. */
const defaultRetryMs = 1_000;
const redirectLimit = 5;
const utf8 = new TextDecoder();

export class UpstreamHttp {
  readonly #connections: Connections;
  /** The constant part of every request's head. */
  readonly #start: string;
  readonly #url: URL;
  /** Path and query; another one after a redirect. */
  #target: string;

  constructor(url: string) {
    this.#url = new URL(url);
    const { protocol, hostname, host, port, pathname, search, username, password } = this.#url;
    const secure = protocol === "https:";
    const address = { secure, host: hostname.replace(/^\[(.*)\]$/, "$1"), port: Number(port) || (secure ? 443 : 80) };
    this.#connections = new Connections(address);
    const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    const basic = `authorization: Basic ${Buffer.from(credentials).toString("base64")}\r\n`;
    this.#target = pathname + search;
    // Without this header a server may compress its replies.
    this.#start = `HTTP/1.1\r\nhost: ${host}\r\naccept-encoding: identity\r\n${username ? basic : ""}`;
  }

  /**
   * Rejects with UpstreamFailure, or with the signal's reason when the caller went away. A redirect that keeps the method
   * (307, 308) is followed on the same origin, such as from `/mcp` to `/mcp/`: who redirects has not executed the request.
   */
  async post(post: Post): Promise<Reply> {
    const endsAt = performance.now() + post.deadlineMs;
    for (let redirects = 0; ; redirects += 1) {
      const deadlineMs = redirects === 0 ? post.deadlineMs : Math.max(1, Math.round(endsAt - performance.now()));
      const reply = await this.#send({ ...post, deadlineMs });
      if (reply.status !== 307 && reply.status !== 308) return reply;
      const location = reply.headers.location ?? "";
      const url = location === "" ? null : URL.parse(location, new URL(this.#target, this.#url).href);
      if (url?.origin !== this.#url.origin || redirects === redirectLimit) {
        const why = url?.origin === this.#url.origin ? "again and again" : "which is another origin";
        throw new UpstreamFailure("status", `HTTP ${reply.status}: it redirects to ${location || "nowhere"}, ${why}`);
      }
      this.#target = url.pathname + url.search;
    }
  }

  #send(post: Post): Promise<Reply> {
    return new Promise((resolve, reject) => {
      if (post.signal?.aborted) reject(post.signal.reason);
      else new Attempt(this.#connections, this.#headOf(post) + post.body, post, resolve, reject).start();
    });
  }

  close(): void {
    this.#connections.close();
  }

  #headOf({ method = "POST", headers, body, target = this.#target }: Post): string {
    let head = `${method} ${target} ${this.#start}`;
    for (const name in headers) head += `${name}: ${headers[name]}\r\n`;
    return method !== "POST" ? `${head}\r\n` : `${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n`;
  }
}

/** One request and its response on one connection. */
class Attempt {
  readonly #connections: Connections;
  readonly #text: string;
  readonly #post: Post;
  readonly #resolve: (reply: Reply) => void;
  readonly #reject: (reason: unknown) => void;
  readonly #parser = new HttpResponseParser(this);
  #timer: NodeJS.Timeout | undefined;
  #withdraw: (() => void) | undefined;
  #connection: Connection | undefined;
  #head: ResponseHead | undefined;
  #events: EventParser | undefined;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  #complete: "reusable" | "closing" | undefined;
  #settled = false;

  constructor(
    connections: Connections,
    text: string,
    post: Post,
    resolve: (reply: Reply) => void,
    reject: (reason: unknown) => void,
  ) {
    this.#connections = connections;
    this.#text = text;
    this.#post = post;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  start(): void {
    const { deadlineMs, signal } = this.#post;
    this.#timer = setTimeout(() => {
      this.#fail(new UpstreamFailure("deadline", `no complete reply within the deadline of ${deadlineMs} ms`));
    }, deadlineMs);
    signal?.addEventListener("abort", this.#onAbort, { once: true });
    this.#withdraw = this.#connections.request(this, (connection) => {
      this.#connection = connection;
      connection.write(this.#text);
    });
  }

  onData(bytes: Buffer): void {
    this.#bytes += bytes.length;
    if (this.#bytes > replyLimitBytes) {
      this.#fail(new UpstreamFailure("malformed", `malformed reply: larger than ${replyLimitBytes} bytes`));
      return;
    }
    this.#parse(() => this.#parser.push(bytes));
  }

  onEnd(): void {
    this.#parse(() => {
      if (!this.#parser.end()) this.#cut(new UpstreamFailure("reset", this.#cutMessage()));
    });
  }

  onClose(error: NodeJS.ErrnoException | undefined): void {
    this.#cut(error ? classifySocketError(error) : new UpstreamFailure("reset", this.#cutMessage()));
  }

  onHead(head: ResponseHead): void {
    this.#head = head;
    const encoding = head.headers["content-encoding"];
    if (encoding && encoding.toLowerCase() !== "identity") {
      throw new MalformedResponse(`its body is encoded in ${encoding}, which was not asked for`);
    }
    const isEvents =
      head.status >= 200 &&
      head.status < 300 &&
      /^text\/event-stream\s*(;|$)/i.test(head.headers["content-type"] ?? "");
    if (isEvents)
      this.#events = new EventParser(({ type, data }) => {
        if ((this.#post.eventTypes ?? messagesOnly).includes(type)) this.#onEvent(data, type);
        this.#bytes = 0;
      });
  }

  onBody(bytes: Buffer): void {
    if (this.#events) this.#events.push(bytes);
    else this.#chunks.push(bytes);
  }

  onComplete(reusable: boolean): void {
    this.#complete = reusable ? "reusable" : "closing";
  }

  readonly #onAbort = (): void => this.#fail(this.#post.signal?.reason);

  /** Runs a parser step and acts on its result afterwards, since a connection must not be released during a step. */
  #parse(step: () => void): void {
    try {
      step();
    } catch (error) {
      if (!(error instanceof MalformedResponse)) throw error;
      this.#fail(new UpstreamFailure("malformed", `malformed reply: ${error.message}`));
      return;
    }
    if (!this.#complete) return;
    clearTimeout(this.#timer);
    const connection = this.#connection;
    this.#connection = undefined;
    if (this.#complete === "reusable") connection?.release();
    else connection?.destroy();
    if (this.#resumption) this.#succeed("", this.#resumption);
    else if (this.#events) {
      this.#fail(new UpstreamFailure("malformed", "malformed reply: the stream ended without a response"));
    } else {
      const [first] = this.#chunks;
      const body = this.#chunks.length === 1 && first ? first : Buffer.concat(this.#chunks);
      this.#succeed(utf8.decode(body));
    }
  }

  /** The rest of the stream is read until the deadline, so that the connection can be reused. */
  #onEvent(data: string, type: string): void {
    if (!this.#settled && this.#head && this.#post.onEvent(data, this.#head, type)) this.#succeed("");
  }

  get #resumption(): Reply["resume"] {
    const { lastId, retryMs = defaultRetryMs } = this.#events ?? {};
    return lastId === undefined ? undefined : { lastEventId: lastId, afterMs: retryMs };
  }

  /** The connection has ended before the reply: fails, unless the reply is a stream that can be resumed. */
  #cut(failure: UpstreamFailure): void {
    if (this.#resumption) this.#succeed("", this.#resumption);
    this.#fail(failure);
  }

  #succeed(text: string, resume?: Reply["resume"]): void {
    if (this.#settle() && this.#head) this.#resolve({ ...this.#head, text, resume });
  }

  #fail(reason: unknown): void {
    clearTimeout(this.#timer);
    this.#withdraw?.();
    this.#connection?.destroy();
    this.#connection = undefined;
    if (this.#settle()) this.#reject(reason);
  }

  #settle(): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    this.#post.signal?.removeEventListener("abort", this.#onAbort);
    return true;
  }

  #cutMessage(): string {
    return this.#head ? "connection cut before the whole reply arrived" : "connection closed before a reply";
  }
}
