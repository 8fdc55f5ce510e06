/**
 * Sends one connection's part of an event stream in small slices, each when the peer has taken the ones before it. So
 * a slow peer costs the gateway a few slices of memory, and is told apart from one that takes nothing any more.
 */
import type { ServerResponse } from "node:http";

const sliceBytes = 16 * 1024;
const inFlightBytes = 4 * sliceBytes;
/** A peer that takes no slice for so long is gone or stuck. */
export const stalledMs = 10_000;

const keepAlive = Buffer.from(": keep-alive\n\n");

export class StreamWriter {
  readonly #response: ServerResponse;
  readonly #next: () => Buffer | undefined;
  /** What is left of the piece that is being sent. */
  #rest: Buffer;
  #inFlight = 0;
  #stalled: NodeJS.Timeout | undefined;
  #isEnding = false;

  /** Sends `opening` first, then whatever `next` returns, until that is undefined. */
  constructor(response: ServerResponse, opening: string, next: () => Buffer | undefined) {
    this.#response = response;
    this.#next = next;
    this.#rest = Buffer.from(opening);
    response.once("close", () => clearTimeout(this.#stalled));
  }

  /** Sends on, as far as the peer takes it. To be called when `next` has something new. */
  pump(): void {
    while (this.#inFlight < inFlightBytes && !this.#response.writableEnded) {
      if (this.#rest.length === 0) this.#rest = this.#next() ?? this.#rest;
      if (this.#rest.length === 0) {
        if (this.#isEnding) this.#response.end();
        return;
      }
      this.#write(this.#rest.subarray(0, sliceBytes));
      this.#rest = this.#rest.subarray(sliceBytes);
    }
  }

  /** A comment, where nothing else keeps the connection busy. */
  keepAlive(): void {
    if (this.#inFlight === 0 && this.#rest.length === 0) this.#write(keepAlive);
  }

  /** Ends the response once all of it has been sent. */
  end(): void {
    this.#isEnding = true;
    this.pump();
  }

  #write(slice: Buffer): void {
    this.#inFlight += slice.length;
    this.#stalled ??= setTimeout(() => this.#response.destroy(), stalledMs);
    this.#response.write(slice, (error) => void (error || this.#taken(slice.length)));
  }

  #taken(bytes: number): void {
    this.#inFlight -= bytes;
    if (this.#inFlight > 0) {
      this.#stalled?.refresh();
    } else {
      clearTimeout(this.#stalled);
      this.#stalled = undefined;
    }
    this.pump();
  }
}
