import { Duplex, type Readable, type Writable } from "node:stream";

/**
 * Two streams as one, on which an HTTP/2 session can stand. Node's session waits for each of its writes, also while it is
 * destroyed, and loses the one that is under way when what it writes to is closed first: it then never ends, and its next
 * write is an internal error. So this one outlives both streams until the session is destroyed, and each write comes to an end.
 */
export class ControlStream extends Duplex {
  readonly #readable: Readable;
  readonly #writable: Writable;
  #isLost = false;
  #written: (() => void) | undefined;

  /** @param onLost called once when either stream has ended: what is written from then on is discarded */
  constructor(readable: Readable, writable: Writable, onLost: () => void) {
    super({ autoDestroy: false });
    this.#readable = readable;
    this.#writable = writable;
    const lose = () => {
      if (this.#isLost) return;
      this.#isLost = true;
      this.#endWrite();
      onLost();
    };
    for (const stream of [readable, writable]) stream.on("error", lose).once("close", lose);
    readable.once("end", lose).on("data", (chunk: Buffer) => void this.push(chunk));
  }

  override _read(): void {
    // Never paused, so that the end is seen: what is not read yet is bounded by the session's own window.
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    this.#written = callback;
    if (this.#isLost) this.#endWrite();
    else this.#writable.write(chunk, () => this.#endWrite());
  }

  override _destroy(_error: Error | null, callback: () => void): void {
    this.#isLost = true;
    this.#endWrite();
    this.#readable.destroy();
    this.#writable.destroy();
    callback();
  }

  #endWrite(): void {
    const written = this.#written;
    this.#written = undefined;
    written?.();
  }
}
