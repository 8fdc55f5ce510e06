/**
 * Sends an event stream to one connection in small slices, each after the peer has received the previous ones. A slow peer
 * thus costs a few slices of memory, and can be distinguished from a stalled one.
 */
import type { ServerResponse } from "node:http";

const sliceBytes = 16 * 1024;
const inFlightBytes = 4 * sliceBytes;
/** A peer that receives no slice within this time is disconnected or stalled. */
export const stalledMs = 10_000;

const keepAlive = Buffer.from(": keep-alive\n\n");

export class StreamWriter {
  readonly #response: ServerResponse;
  readonly #next: () => Buffer | undefined;
  /** The unsent rest of the current piece. */
  #rest: Buffer;
  #inFlight = 0;
  #stalled: NodeJS.Timeout | undefined;
  #isEnding = false;

  /** Sends `opening` first, then the results of `next` until it is undefined. */
  constructor(response: ServerResponse, opening: string, next: () => Buffer | undefined) {
    this.#response = response;
    this.#next = next;
    this.#rest = Buffer.from(opening);
    response.once("close", () => clearTimeout(this.#stalled));
  }

  /** Sends as much as the peer accepts. To be called when `next` has new data. */
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

  /** Sends a comment if nothing else is being sent. */
  keepAlive(): void {
    if (this.#inFlight === 0 && this.#rest.length === 0) this.#write(keepAlive);
  }

  /** Ends the response once everything has been sent. */
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
