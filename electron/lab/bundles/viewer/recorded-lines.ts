import { once } from "node:events";
import { createDeflate, type Deflate } from "node:zlib";
import type { TextSink } from "../zip-writer.ts";

/** Cut at the same positions always, since the compressed bytes depend on them. */
const CHUNK_CHARS = 64 * 1024;

/**
 * Lines of JSON as base64 of zlib's format (RFC 1950), which has no byte that depends on the machine, as gzip has.
 * Memory does not grow with them.
 */
export class RecordedLines {
  readonly #sink: TextSink;
  readonly #deflate: Deflate = createDeflate();
  readonly #written: Promise<void>;
  #text = "";

  constructor(sink: TextSink) {
    this.#sink = sink;
    this.#written = this.#encode();
    // Reported where the lines are written.
    this.#written.catch(() => {});
  }

  /** Returns a promise to await when a chunk is full. */
  write(line: string): Promise<void> | undefined {
    this.#text += `${line}\n`;
    return this.#text.length < CHUNK_CHARS ? undefined : this.#give();
  }

  async end(): Promise<void> {
    if (this.#text !== "") await this.#give();
    this.#deflate.end();
    await this.#written;
  }

  async #give(): Promise<void> {
    const chunk = Buffer.from(this.#text);
    this.#text = "";
    if (!this.#deflate.write(chunk)) await Promise.race([once(this.#deflate, "drain"), this.#written]);
  }

  /** Three bytes are four characters: what is left of one piece is encoded with the next. */
  async #encode(): Promise<void> {
    let left = Buffer.alloc(0);
    for await (const piece of this.#deflate) {
      const bytes = Buffer.concat([left, piece as Buffer]);
      const whole = bytes.length - (bytes.length % 3);
      await this.#sink.write(bytes.toString("base64", 0, whole));
      left = bytes.subarray(whole);
    }
    await this.#sink.write(left.toString("base64"));
  }
}
