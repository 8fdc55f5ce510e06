/**
 * One SSE stream of a session. It outlives its connection: what was sent last is kept, within bounds, so that a client
 * that lost the connection can take the stream up again with Last-Event-ID and get what it missed, on this stream only.
 */
import type { ServerResponse } from "node:http";

const keptEvents = 256;
const keptCharacters = 1024 * 1024;
const slowReaderBytes = 4 * 1024 * 1024;

export interface EventStreamOptions {
  id: string;
  /** 2025-11-25 opens a stream with an event that has an id and no data; older clients take that for a message. */
  primed: boolean;
  keepAliveMs: number;
  onDetached?: () => void;
}

interface KeptEvent {
  sequence: number;
  frame: string;
}

export class EventStream {
  readonly id: string;
  readonly #options: EventStreamOptions;
  #kept: KeptEvent[] = [];
  #keptCharacters = 0;
  #sequence = 0;
  #response: ServerResponse | undefined;
  #keepAlive: NodeJS.Timeout | undefined;
  #ended = false;

  constructor(options: EventStreamOptions) {
    this.id = options.id;
    this.#options = options;
  }

  get attached(): boolean {
    return this.#response !== undefined;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Sends on this response from now on, first what came after event `afterSequence`. An older connection is ended. */
  attach(response: ServerResponse, headers: Readonly<Record<string, string>>, afterSequence?: number): void {
    const older = this.#response;
    this.#response = response;
    older?.end();
    response.writeHead(200, {
      "content-type": "text/event-stream",
      "cache-control": "no-cache, no-transform",
      "x-accel-buffering": "no",
      ...headers,
    });
    response.flushHeaders();
    response.once("close", () => this.#detach(response));
    if (afterSequence === undefined) {
      this.#write(this.#options.primed ? `id: ${this.id}_0\ndata: \n\n` : ": open\n\n");
    } else {
      for (const event of this.#kept) if (event.sequence > afterSequence) this.#write(event.frame);
    }
    if (this.#ended) response.end();
    else if (!this.#keepAlive) this.#startKeepAlive();
  }

  send(message: string): void {
    if (this.#ended) return;
    this.#sequence += 1;
    // A backend may have written its JSON on several lines; between the tokens of JSON a blank does as well.
    const data = message.replace(/[\r\n]+/g, " ");
    const frame = `id: ${this.id}_${this.#sequence}\nevent: message\ndata: ${data}\n\n`;
    this.#keep({ sequence: this.#sequence, frame });
    this.#write(frame);
  }

  /** No more messages. A client may still come back for those it missed. */
  end(): void {
    this.#ended = true;
    clearInterval(this.#keepAlive);
    this.#response?.end();
  }

  #keep(event: KeptEvent): void {
    this.#kept.push(event);
    this.#keptCharacters += event.frame.length;
    // What nobody has been sent yet is kept whatever its size: it may be the response.
    const least = this.attached ? 0 : 1;
    const isOver = (): boolean => this.#kept.length > keptEvents || this.#keptCharacters > keptCharacters;
    while (this.#kept.length > least && isOver()) {
      this.#keptCharacters -= this.#kept.shift()?.frame.length ?? 0;
    }
  }

  #write(text: string): void {
    const response = this.#response;
    if (!response) return;
    response.write(text);
    // Who does not read must not fill the gateway's memory. The events are kept for its return.
    if (response.writableLength > slowReaderBytes) response.destroy();
  }

  #startKeepAlive(): void {
    this.#keepAlive = setInterval(() => this.#write(": keep-alive\n\n"), this.#options.keepAliveMs);
    this.#keepAlive.unref();
  }

  #detach(response: ServerResponse): void {
    if (this.#response !== response) return;
    this.#response = undefined;
    clearInterval(this.#keepAlive);
    this.#keepAlive = undefined;
    if (!this.#ended) this.#options.onDetached?.();
  }
}

/** `<stream>_<sequence>`, as this file writes event ids. */
export function parseEventId(text: string): { streamId: string; sequence: number } | undefined {
  const [, streamId, sequence] = /^([A-Za-z0-9]{1,32})_(\d{1,15})$/.exec(text) ?? [];
  return streamId && sequence ? { streamId, sequence: Number(sequence) } : undefined;
}
