/**
 * One request to a backend until its response, which comes as JSON or in an event stream. A stream that ends before the
 * response, or is cut, is resumed after its last event. As tolerant as the official SDK's client: what is no message of
 * the protocol is skipped, and named only if no response follows.
 */
import { setTimeout as delay } from "node:timers/promises";
import { isObject, parseJson } from "../../http/json.ts";
import type { Params } from "../protocol/messages.ts";
import type { ResponseHead } from "./http-response-parser.ts";
import { statusFailure, UpstreamFailure } from "./upstream-failure.ts";
import type { Post, Reply, UpstreamHttp } from "./upstream-http.ts";
import { readReply, type UpstreamReply } from "./upstream-reply.ts";

export interface ExchangeRequest {
  id: string;
  body: string;
  headers: Readonly<Record<string, string>>;
  /** On the clock of `performance.now()`. */
  endsAtMs: number;
  signal?: AbortSignal | undefined;
  /** A request of the backend, or a notification if it has no id, before the response. `head`: of the stream. */
  onMessage: (message: { method: string; id: unknown; params: unknown }, head: ResponseHead) => void;
}

export interface ExchangeReply {
  /** The answer to the POST. Its body is the response, unless that has come in a stream. */
  posted: Reply;
  streamed: UpstreamReply | undefined;
}

/** Rejects with UpstreamFailure, or with the signal's reason. The HTTP status is for the caller to judge. */
export async function exchange(http: UpstreamHttp, request: ExchangeRequest): Promise<ExchangeReply> {
  const { id, body, headers, endsAtMs, signal, onMessage } = request;
  const events = new ResponseEvents(id, onMessage);
  const reading = { signal, onEvent: (data: string, head: ResponseHead) => events.read(data, head) };
  try {
    const posted = await http.post({ ...reading, body, headers, deadlineMs: leftUntil(endsAtMs) });
    const sessionId = posted.headers["mcp-session-id"];
    const resuming = sessionId ? { ...headers, "mcp-session-id": sessionId } : headers;
    let reply = posted;
    while (!events.response && reply.resume) reply = await resume(http, reply.resume, resuming, endsAtMs, reading);
    return { posted, streamed: events.response };
  } catch (error) {
    if (!events.problem || !(error instanceof UpstreamFailure) || error.kind !== "malformed") throw error;
    throw new UpstreamFailure("malformed", events.problem);
  }
}

export function replyIn({ posted, streamed }: ExchangeReply, id: string): UpstreamReply {
  if (streamed) return streamed;
  // 202 says that no response follows.
  if (posted.status < 200 || posted.status >= 300 || posted.status === 202) {
    throw statusFailure(posted.status, "", posted.headers["retry-after"]);
  }
  return readReply(posted.text, id);
}

/** The events of all streams of one exchange. */
class ResponseEvents {
  response: UpstreamReply | undefined;
  /** Of the first event that was skipped. */
  problem: string | undefined;
  readonly #id: string;
  readonly #onMessage: ExchangeRequest["onMessage"];

  constructor(id: string, onMessage: ExchangeRequest["onMessage"]) {
    this.#id = id;
    this.#onMessage = onMessage;
  }

  /** True once the response has come. */
  read(data: string, head: ResponseHead): boolean {
    const message = parseJson(data);
    if (message === undefined) this.#skip("malformed reply: an event is not JSON");
    else if (!isObject(message)) this.#skip("malformed reply: an event is not a message");
    else if (typeof message.method === "string") {
      this.#onMessage({ method: message.method, id: message.id, params: message.params }, head);
    } else this.#take(data);
    return this.response !== undefined;
  }

  #take(data: string): void {
    try {
      this.response = readReply(data, this.#id);
    } catch (error) {
      if (!(error instanceof UpstreamFailure)) throw error;
      this.#skip(error.message);
    }
  }

  #skip(problem: string): void {
    this.problem ??= problem;
  }
}

/** The rest of a stream that its server has ended so as not to hold a connection, or that was cut. */
async function resume(
  http: UpstreamHttp,
  { lastEventId, afterMs }: NonNullable<Reply["resume"]>,
  headers: Readonly<Record<string, string>>,
  endsAtMs: number,
  reading: Pick<Post, "signal" | "onEvent">,
): Promise<Reply> {
  if (afterMs >= endsAtMs - performance.now()) {
    throw new UpstreamFailure("deadline", "its stream ended without a response, to be resumed after the deadline");
  }
  await delay(afterMs, undefined, reading.signal ? { signal: reading.signal } : {}).catch(() => {
    throw reading.signal?.reason;
  });
  const { "content-type": _none, ...others } = headers;
  const reply = await http.post({
    ...reading,
    method: "GET",
    body: "",
    headers: { ...others, accept: "text/event-stream", "last-event-id": lastEventId },
    deadlineMs: leftUntil(endsAtMs),
  });
  if (reply.status === 200) return reply;
  throw new UpstreamFailure(
    "malformed",
    `malformed reply: the stream ended without a response, and HTTP ${reply.status} to resuming it`,
  );
}

/** At least 1 ms, for which a timer can be set. */
function leftUntil(endsAtMs: number): number {
  return Math.max(1, Math.round(endsAtMs - performance.now()));
}

/** The progress that a notification reports on the request with this token, without the token. */
export function progressIn({ method, params }: { method: string; params: unknown }, token: string): Params | undefined {
  if (method !== "notifications/progress" || !isObject(params)) return undefined;
  const { progressToken, ...progress } = params;
  return progressToken === token ? progress : undefined;
}
