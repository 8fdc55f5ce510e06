/**
 * The response to one POST: plain JSON, or an SSE stream as soon as something must be sent before the response and the
 * client accepts streams.
 *
 * When the connection closes, the caller has left and its work is dropped, with one exception: a call that waits or has
 * waited for an approval on a stream continues, since the client may resume it with Last-Event-ID.
 */
import type { ServerResponse } from "node:http";
import type { EventStream } from "../protocol/event-stream.ts";
import { errorCodes, errorText, notificationText, type Params, type RequestId } from "../protocol/messages.ts";
import { disconnectCancels } from "../protocol/versions.ts";
import type { Session } from "./session.ts";

/** Notified when the caller of a waiting call disconnects or returns. */
export interface CallerWatch {
  /** It is disconnected and may return, or has left permanently: see the caller's signal. */
  onAbsent(): void;
  onReturn(): void;
}

/** The caller that waits for the result of a request. */
export interface Caller {
  /** Aborted, with CallerLeft, once the result can no longer be delivered. */
  readonly signal: AbortSignal;
  /** Whether the result could be delivered now. */
  readonly present: boolean;
  /** Sends a notification before the result if possible. */
  notify(method: string, params: Params): void;
  /** Opens the stream at once if possible; from now on the call survives a lost connection, also after the wait. */
  startWaiting(watch: CallerWatch): void;
  stopWaiting(): void;
  /** Drops the work in progress. */
  leave(reason: string): void;
}

/** Why a call's work was dropped: its connection closed, it was cancelled, or its session ended. */
export class CallerLeft extends Error {
  override readonly name = "CallerLeft";
  /** The backend is to stop, too; otherwise what it was asked to do comes to its end there. */
  readonly cancels: boolean;

  constructor(reason: string, cancels: boolean) {
    super(reason);
    this.cancels = cancels;
  }
}

export class Exchange implements Caller {
  readonly #response: ServerResponse;
  readonly #session: Session;
  readonly #id: RequestId | null;
  readonly #streams: boolean;
  readonly #controller = new AbortController();
  #stream: EventStream | undefined;
  #finished = false;
  #survivesDisconnect = false;
  #watch: CallerWatch | undefined;

  /** `id` is the id of the request; null if there are several. */
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
    this.#survivesDisconnect = true;
    this.#watch = watch;
  }

  stopWaiting(): void {
    this.#watch = undefined;
  }

  /** Also ends the response, for a client that cancelled the request and is still connected. */
  leave(reason: string, cancels = true): void {
    if (this.#finished || this.signal.aborted) return;
    this.#controller.abort(new CallerLeft(reason, cancels));
    this.#watch?.onAbsent();
    this.finish(errorText(this.#id, errorCodes.internal, `request dropped: ${reason}`));
  }

  /** Sends the response, JSON text; undefined if the message has none. */
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

  /** The error for a client that resumes after its response was dropped. */
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
    if (!this.#stream) this.#disconnected();
  };

  #streamDetached(): void {
    if (this.#survivesDisconnect) this.#watch?.onAbsent();
    else this.#disconnected();
  }

  #disconnected(): void {
    this.leave("caller left", disconnectCancels(this.#session.protocolVersion));
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
