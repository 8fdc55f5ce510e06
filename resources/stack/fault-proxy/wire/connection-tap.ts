/** Where a connection hands over a copy of its bytes: by reference and unread, and nothing while nobody listens. */
import { ConnectionReader, type LastSender } from "./connection-reader.ts";
import type { WireTap } from "./wire-tap.ts";

export class ConnectionTap {
  readonly #tap: WireTap;
  readonly #link: string;
  readonly #connection: number;
  #lastFrom: LastSender;
  #reader: { of: ConnectionReader; listening: object } | undefined;
  /** The caller ended its side, or lost the connection. */
  #hasClientLeft = false;
  #isOver = false;

  constructor(tap: WireTap, link: string, connection: number) {
    this.#tap = tap;
    this.#link = link;
    this.#connection = connection;
  }

  fromClient(chunk: Buffer): void {
    if (this.#tap.isOn) {
      const reader = this.#current();
      this.#tap.enqueue(reader, chunk.length, (atMs) => reader.fromClient(chunk, atMs));
    }
    this.#lastFrom = "client";
  }

  toClient(chunk: Buffer): void {
    if (this.#tap.isOn) {
      const reader = this.#current();
      // Much of a large body need not be kept to be counted.
      if (reader.unread > 0 || !reader.skim(chunk.length))
        this.#tap.enqueue(reader, chunk.length, (atMs) => reader.toClient(chunk, atMs));
    }
    this.#lastFrom = "server";
  }

  met(toxic: string): void {
    if (!this.#tap.isOn) return;
    const reader = this.#current();
    this.#tap.enqueue(reader, 0, () => reader.met(toxic));
  }

  clientLeft(): void {
    this.#hasClientLeft = true;
  }

  /** Everything was sent to the client, and its side is ended. */
  finished(): void {
    this.#end(true);
  }

  /** Both sides are closed. */
  closed(): void {
    this.#end(false);
  }

  #end(isWhole: boolean): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const reader = this.#reader;
    if (!this.#tap.isOn || reader?.listening !== this.#tap.listening) return;
    const how = this.#hasClientLeft ? "the caller closed the connection" : "the connection was closed";
    this.#tap.enqueue(reader.of, 0, (atMs) => reader.of.ended(atMs, isWhole, how));
  }

  /** Another one for each time that somebody begins to listen, and where what was to be read was dropped. */
  #current(): ConnectionReader {
    const { listening } = this.#tap;
    if (this.#reader?.listening !== listening || this.#tap.hasLost(this.#reader.of)) {
      const of: ConnectionReader = new ConnectionReader(this.#lastFrom, (head, atMs) =>
        this.#tap.begin(of, head, this.#link, this.#connection, atMs),
      );
      this.#reader = { of, listening };
    }
    return this.#reader.of;
  }
}
