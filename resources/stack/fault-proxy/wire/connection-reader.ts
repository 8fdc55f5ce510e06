/**
 * Reads the HTTP of one connection from a copy of its bytes, in the order in which they came. A connection that was open
 * before is read from its next request: one that its client sends after bytes of its server, beginning with an HTTP method.
 * What is not HTTP/1.x is not read any further.
 */
import { BodyReader, replyFraming, requestFraming } from "../parsing/body-reader.ts";
import { HeadReader } from "../parsing/head-reader.ts";
import { isRequestLine, isStatusLine } from "../parsing/message-head.ts";
import { QuickReplyHead, QuickRequestHead } from "../parsing/quick-head.ts";
import { looksLikeRequest } from "../parsing/sniff.ts";
import type { Exchange } from "./exchange.ts";

/** Who sent last. */
export type LastSender = "client" | "server" | undefined;

const nothing = Buffer.alloc(0);

interface Body {
  exchange: Exchange;
  reader: BodyReader;
}

export class ConnectionReader {
  readonly #begin: (head: QuickRequestHead, atMs: number) => Exchange;
  readonly #requestHead = new HeadReader(isRequestLine);
  readonly #replyHead = new HeadReader(isStatusLine);
  /** Requests without a whole reply, oldest first. */
  readonly #open: Exchange[] = [];
  /** Handed over and not read yet. */
  unread = 0;
  #lastFrom: LastSender;
  #isReading = false;
  #isOpaque = false;
  #request: Body | undefined;
  #reply: BodyReader | undefined;
  #beganMs: number | undefined;
  #firstByteMs: number | undefined;
  /** Toxics that were met before their request was read to the end of its head. */
  readonly #toxics: string[] = [];

  /** @param begin makes the exchange of a request */
  constructor(lastFrom: LastSender, begin: (head: QuickRequestHead, atMs: number) => Exchange) {
    this.#lastFrom = lastFrom;
    this.#begin = begin;
  }

  fromClient(chunk: Buffer, atMs: number): void {
    const before = this.#lastFrom;
    this.#lastFrom = "client";
    if (this.#isOpaque) return;
    if (!this.#isReading) {
      this.#isReading = before !== "client" && looksLikeRequest(chunk);
      // A connection that starts with another protocol never switches to HTTP.
      if (!this.#isReading) {
        this.#isOpaque = before === undefined;
        return;
      }
    }
    this.#guarded(atMs, () => {
      for (let rest = chunk; rest.length > 0 && !this.#isOpaque; ) rest = this.#readRequest(rest, atMs);
    });
  }

  toClient(chunk: Buffer, atMs: number): void {
    this.#lastFrom = "server";
    if (this.#isOpaque || !this.#isReading) return;
    this.#guarded(atMs, () => {
      for (let rest = chunk; rest.length > 0 && this.#open.length > 0; ) rest = this.#readReply(rest, atMs);
    });
  }

  /** Counts bytes of a reply whose content is not needed. Returns false if they are to be read; only when all before them was. */
  skim(bytes: number): boolean {
    const [exchange] = this.#open;
    if (!this.#reply || !exchange?.isReplyRead || !this.#reply.skip(bytes)) return false;
    exchange.replySkipped(bytes);
    return true;
  }

  met(toxic: string): void {
    const [oldest] = this.#open;
    if (oldest) oldest.met(toxic);
    else if (this.#beganMs !== undefined) this.#toxics.push(toxic);
  }

  /**
   * No more bytes go to the client.
   * @param isWhole all bytes of the server were sent: a body without a length ends like this
   */
  ended(atMs: number, isWhole: boolean, how: string): void {
    const [oldest] = this.#open;
    if (isWhole && this.#reply?.endsWithConnection && oldest) this.#finishReply(oldest, atMs);
    this.#endAll(atMs, how);
  }

  #readRequest(chunk: Buffer, atMs: number): Buffer {
    if (!this.#request) {
      this.#beganMs ??= atMs;
      const read = readHead(this.#requestHead, chunk);
      if (!read) return nothing;
      const head = new QuickRequestHead(read.text);
      const reader = new BodyReader(requestFraming(head));
      const exchange = this.#begin(head, this.#beganMs);
      for (const toxic of this.#toxics.splice(0)) exchange.met(toxic);
      this.#open.push(exchange);
      this.#request = { exchange, reader };
      this.#beganMs = undefined;
      return this.#readRequestBody(this.#request, read.rest);
    }
    return this.#readRequestBody(this.#request, chunk);
  }

  #readRequestBody({ exchange, reader }: Body, chunk: Buffer): Buffer {
    const taken = reader.read(chunk, (piece) => exchange.requestPayload(piece));
    if (reader.isDone) {
      this.#request = undefined;
      exchange.requestDone();
    }
    return after(chunk, taken);
  }

  #readReply(chunk: Buffer, atMs: number): Buffer {
    const [exchange] = this.#open;
    if (!exchange) return chunk;
    let rest = chunk;
    if (!this.#reply) {
      this.#firstByteMs ??= atMs;
      const read = readHead(this.#replyHead, chunk);
      if (!read) return nothing;
      rest = read.rest;
      const head = new QuickReplyHead(read.text);
      if (head.status < 200 && head.status !== 101) return rest;
      this.#reply = new BodyReader(replyFraming(head, exchange.head.method));
      exchange.replyBegan(head, this.#firstByteMs);
      this.#firstByteMs = undefined;
      // Another protocol follows.
      if (head.status === 101 || exchange.head.method === "CONNECT") this.#isOpaque = true;
    }
    const reply = this.#reply;
    const taken = reply.read(rest, (piece) => exchange.replyPayload(piece, atMs));
    if (reply.isDone || this.#isOpaque) this.#finishReply(exchange, atMs);
    return this.#isOpaque ? nothing : after(rest, taken);
  }

  #finishReply(exchange: Exchange, atMs: number): void {
    this.#reply = undefined;
    this.#open.shift();
    exchange.replyDone(atMs);
  }

  #guarded(atMs: number, read: () => void): void {
    try {
      read();
    } catch (error) {
      this.#isOpaque = true;
      this.#endAll(atMs, `it could not be read: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  #endAll(atMs: number, cut: string): void {
    for (const exchange of this.#open.splice(0)) exchange.end(atMs, cut);
  }
}

function readHead(reader: HeadReader, chunk: Buffer): { text: string; rest: Buffer } | undefined {
  const text = reader.readAtOnce(chunk);
  if (text !== undefined) return { text, rest: after(chunk, text.length) };
  const read = reader.read(chunk);
  return read && { text: read.bytes.toString("latin1", 0, read.headLength), rest: after(read.bytes, read.headLength) };
}

function after(bytes: Buffer, taken: number): Buffer {
  return taken === bytes.length ? nothing : bytes.subarray(taken);
}
