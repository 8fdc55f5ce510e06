/**
 * One SSE stream of a session. It outlives its connection: its events are kept, within bounds, and a connection is a reader
 * with a position among them. A disconnected client resumes the stream with Last-Event-ID and receives what it missed, of
 * this stream only. If events were dropped before that, a comment gives their number.
 */
import type { ServerResponse } from "node:http";
import { KeptEvents } from "./kept-events.ts";
import type { StreamMemory } from "./stream-memory.ts";
import { StreamWriter } from "./stream-writer.ts";

export interface EventStreamOptions {
  id: string;
  /** 2025-11-25 opens a stream with an event with an id and no data; older clients would parse that as a message. */
  primed: boolean;
  keepAliveMs: number;
  memory: StreamMemory;
  onDetached?: () => void;
}

interface Connection {
  response: ServerResponse;
  writer: StreamWriter;
}

export class EventStream {
  readonly id: string;
  readonly #options: EventStreamOptions;
  readonly #events: KeptEvents;
  #connection: Connection | undefined;
  #keepAlive: NodeJS.Timeout | undefined;
  #ended = false;
  #isForgotten = false;

  constructor(options: EventStreamOptions) {
    this.id = options.id;
    this.#options = options;
    this.#events = new KeptEvents(options.memory);
  }

  get attached(): boolean {
    return this.#connection !== undefined;
  }

  /** The stream has ended and no connection is reading it. */
  get isOver(): boolean {
    return this.#ended && !this.attached;
  }

  /** Sends to this response from now on, starting after event `afterSequence`. An older connection is ended. */
  attach(response: ServerResponse, headers: Readonly<Record<string, string>>, afterSequence?: number): void {
    const older = this.#connection?.response;
    const opening = this.#options.primed ? `id: ${this.id}_0\ndata: \n\n` : ": open\n\n";
    const next = this.#readerFrom(Math.min(afterSequence ?? this.#events.last, this.#events.last));
    const writer = new StreamWriter(response, afterSequence === undefined ? opening : "", next);
    this.#connection = { response, writer };
    older?.end();
    response.writeHead(200, {
      "content-type": "text/event-stream",
      "cache-control": "no-cache, no-transform",
      "x-accel-buffering": "no",
      ...headers,
    });
    response.flushHeaders();
    response.once("close", () => this.#detach(response));
    writer.pump();
    if (this.#ended) writer.end();
    else if (!this.#keepAlive) this.#startKeepAlive();
  }

  /** `instead` is sent to a client that resumes after the message was dropped. */
  send(message: string, instead?: string): void {
    if (this.#ended) return;
    const frame = (text: string) => (sequence: number) => Buffer.from(this.#frame(sequence, text));
    this.#events.add(frame(message), instead === undefined ? undefined : frame(instead));
    this.#connection?.writer.pump();
  }

  /** No more messages. Pending ones are still delivered, and a client may still resume to get what it missed. */
  end(): void {
    this.#ended = true;
    clearInterval(this.#keepAlive);
    this.#connection?.writer.end();
  }

  /** The stream can no longer be resumed: its events are dropped as soon as they have been sent. */
  forget(): void {
    this.#isForgotten = true;
    if (!this.attached) this.#events.clear();
  }

  #frame(sequence: number, message: string): string {
    // A backend may send JSON with line breaks; between JSON tokens a blank is equivalent.
    return `id: ${this.id}_${sequence}\nevent: message\ndata: ${message.replace(/[\r\n]+/g, " ")}\n\n`;
  }

  #readerFrom(sequence: number): () => Buffer | undefined {
    let at = sequence;
    return () => {
      const event = this.#events.take(at);
      const missing = (event?.sequence ?? this.#events.last + 1) - at - 1;
      if (missing > 0) {
        at += missing;
        return Buffer.from(`: ${missing} ${missing === 1 ? "event is" : "events are"} no longer kept\n\n`);
      }
      if (event) at = event.sequence;
      return event?.frame;
    };
  }

  #startKeepAlive(): void {
    this.#keepAlive = setInterval(() => this.#connection?.writer.keepAlive(), this.#options.keepAliveMs);
    this.#keepAlive.unref();
  }

  #detach(response: ServerResponse): void {
    if (this.#connection?.response !== response) return;
    this.#connection = undefined;
    clearInterval(this.#keepAlive);
    this.#keepAlive = undefined;
    if (this.#isForgotten) this.#events.clear();
    if (!this.#ended) this.#options.onDetached?.();
  }
}

/** Parses an event id: `<stream>_<sequence>`. */
export function parseEventId(text: string): { streamId: string; sequence: number } | undefined {
  const [, streamId, sequence] = /^([A-Za-z0-9]{1,32})_(\d{1,15})$/.exec(text) ?? [];
  return streamId && sequence ? { streamId, sequence: Number(sequence) } : undefined;
}
