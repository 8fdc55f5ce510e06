/**
 * The answer to one POST. It starts undecided and becomes plain JSON, or an SSE stream as soon as there is something to
 * say before the response and the client takes streams.
 *
 * A connection that closes means that the caller is gone and its work is dropped, with one exception: a call that waits or
 * has waited for an approval on a stream goes on, since the client may come back for it with Last-Event-ID.
 */
import type { ServerResponse } from "node:http";
import type { EventStream } from "../protocol/event-stream.ts";
import { errorCodes, errorText, notificationText, type Params, type RequestId } from "../protocol/messages.ts";
import type { Session } from "./session.ts";

/** Told whether the caller of a waiting call is there. */
export interface CallerWatch {
  /** It lost its connection and may come back, or is gone for good: see the caller's signal. */
  onAbsent(): void;
  onReturn(): void;
}

/** Who waits for the result of a request. */
export interface Caller {
  /** Aborted, with CallerLeft, when nobody will ever take the result. */
  readonly signal: AbortSignal;
  /** Whether somebody is there to take the result now. */
  readonly present: boolean;
  /** Sends a notification ahead of the result if that is possible. */
  notify(method: string, params: Params): void;
  /** Opens the stream at once where possible, and from now on bears a lost connection, also when the waiting is over. */
  startWaiting(watch: CallerWatch): void;
  stopWaiting(): void;
  /** Drops the work under way. */
  leave(reason: string): void;
}

/** Why a call's work was dropped: its connection closed, it was cancelled, or its session ended. */
export class CallerLeft extends Error {
  override readonly name = "CallerLeft";
}

export class Exchange implements Caller {
  readonly #response: ServerResponse;
  readonly #session: Session;
  readonly #id: RequestId | null;
  readonly #streams: boolean;
  readonly #controller = new AbortController();
  #stream: EventStream | undefined;
  #finished = false;
  #bearsLoss = false;
  #watch: CallerWatch | undefined;

  /** `id` is that of the request to be answered; null when there are several. */
  constructor(response: ServerResponse, session: Session, id: RequestId | null, acceptsStream: boolean) {
    this.#response = response;
    this.#session = session;
    this.#id = id;
    this.#streams = acceptsStream;
    response.once("close", this.#closed);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get present(): boolean {
    if (this.signal.aborted) return false;
    return this.#stream ? this.#stream.attached : !this.#response.destroyed;
  }

  notify(method: string, params: Params): void {
    if (this.#finished || !this.#streams) return;
    this.#openStream().send(notificationText(method, params));
  }

  startWaiting(watch: CallerWatch): void {
    if (this.#streams) this.#openStream();
    this.#bearsLoss = true;
    this.#watch = watch;
  }

  stopWaiting(): void {
    this.#watch = undefined;
  }

  /** Also ends the response, for who cancelled the request and is still there. */
  leave(reason: string): void {
    if (this.#finished || this.signal.aborted) return;
    this.#controller.abort(new CallerLeft(reason));
    this.#watch?.onAbsent();
    this.finish(errorText(this.#id, errorCodes.internal, `request dropped: ${reason}`));
  }

  /** The response, as JSON text; undefined when the message has none. */
  finish(text: string | undefined, status = 200): void {
    if (this.#finished) return;
    this.#finished = true;
    if (this.#stream) {
      if (text !== undefined) this.#stream.send(text, this.#noLongerKept(text));
      this.#stream.end();
    } else if (!this.#response.destroyed) {
      sendJsonText(this.#response, text === undefined ? 202 : status, text);
    }
  }

  /** What a client is told that comes back for its response too late. */
  #noLongerKept(text: string): string {
    const problem = `The response of ${text.length} characters is no longer kept. The call has ended: send it again only if it may run twice.`;
    return errorText(this.#id, errorCodes.internal, problem);
  }

  #openStream(): EventStream {
    if (!this.#stream) {
      this.#stream = this.#session.openStream({
        onDetached: () => this.#streamDetached(),
        onResumed: () => this.#watch?.onReturn(),
      });
      this.#stream.attach(this.#response, { "mcp-session-id": this.#session.id });
    }
    return this.#stream;
  }

  readonly #closed = (): void => {
    if (!this.#stream) this.leave("caller left");
  };

  #streamDetached(): void {
    if (this.#bearsLoss) this.#watch?.onAbsent();
    else this.leave("caller left");
  }
}

export function sendJsonText(
  response: ServerResponse,
  status: number,
  text: string | undefined,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (text === undefined) {
    response.writeHead(status, headers).end();
    return;
  }
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(text),
    ...headers,
  });
  response.end(text);
}
