/** Finds a body's end (RFC 9112, section 6) and its payload, across chunks. */
import { limits } from "../limits.ts";
import { BadMessage } from "./bad-message.ts";
import type { ReplyHead, RequestHead } from "./message-head.ts";

export type Framing =
  | { kind: "none" }
  | { kind: "length"; bytes: number }
  | { kind: "chunked" }
  | { kind: "untilClose" };

/** Throws BadMessage if two parsers could disagree about the end. */
export function requestFraming(head: Pick<RequestHead, "get">): Framing {
  return declaredFraming(head.get("transfer-encoding"), head.get("content-length")) ?? { kind: "none" };
}

export function replyFraming(head: Pick<ReplyHead, "get" | "status">, requestMethod: string): Framing {
  const hasNoBody = requestMethod === "HEAD" || head.status < 200 || head.status === 204 || head.status === 304;
  if (hasNoBody) return { kind: "none" };
  return declaredFraming(head.get("transfer-encoding"), head.get("content-length")) ?? { kind: "untilClose" };
}

function declaredFraming(encoding: string | undefined, length: string | undefined): Framing | undefined {
  if (encoding !== undefined) {
    if (encoding.toLowerCase() !== "chunked" || length !== undefined) throw new BadMessage("an ambiguous body length");
    return { kind: "chunked" };
  }
  if (length === undefined) return undefined;
  if (!/^\d{1,15}$/.test(length)) throw new BadMessage("a content length that is not a number");
  return Number(length) === 0 ? { kind: "none" } : { kind: "length", bytes: Number(length) };
}

type State = "payload" | "size" | "dataEnd" | "trailers" | "done";

export class BodyReader {
  readonly #framing: Framing;
  #state: State;
  /** Remaining payload bytes of the body or the chunk. */
  #left: number;
  #line = "";
  #trailers = "";

  constructor(framing: Framing) {
    this.#framing = framing;
    this.#state = framing.kind === "none" ? "done" : framing.kind === "chunked" ? "size" : "payload";
    this.#left =
      framing.kind === "length" ? framing.bytes : framing.kind === "untilClose" ? Number.POSITIVE_INFINITY : 0;
  }

  get isDone(): boolean {
    return this.#state === "done";
  }

  /** Takes so many bytes as read, if they are payload and not its last. Returns false otherwise. */
  skip(bytes: number): boolean {
    if (this.#state !== "payload" || bytes >= this.#left) return false;
    this.#left -= bytes;
    return true;
  }

  /** It has no length: the end of the connection is its end. */
  get endsWithConnection(): boolean {
    return this.#framing.kind === "untilClose";
  }

  /** The lines after a chunked body's last chunk, each with its line end. */
  get trailers(): string {
    return this.#trailers;
  }

  /** Reads up to the end of the body and returns the number of the chunk's bytes that belong to it. Throws BadMessage. */
  read(chunk: Buffer, onPayload?: (payload: Buffer) => void): number {
    let at = 0;
    while (at < chunk.length && this.#state !== "done") {
      if (this.#state === "payload") {
        const size = Math.min(this.#left, chunk.length - at);
        onPayload?.(chunk.subarray(at, at + size));
        at += size;
        this.#left -= size;
        if (this.#left === 0) this.#state = this.#framing.kind === "chunked" ? "dataEnd" : "done";
      } else {
        at = this.#readLine(chunk, at);
      }
    }
    return at;
  }

  /** Collects a chunked body's size and trailer lines; processes each complete line. */
  #readLine(chunk: Buffer, from: number): number {
    const newline = chunk.indexOf(0x0a, from);
    const to = newline === -1 ? chunk.length : newline + 1;
    this.#line += chunk.toString("latin1", from, to);
    if (this.#line.length > limits.headBytes) throw new BadMessage("a chunk line that is too long");
    if (newline === -1) return to;
    if (!this.#line.endsWith("\r\n")) throw new BadMessage("a chunk line without a carriage return");
    const line = this.#line.slice(0, -2);
    this.#line = "";
    this.#takeLine(line);
    return to;
  }

  #takeLine(line: string): void {
    if (this.#state === "dataEnd") {
      if (line !== "") throw new BadMessage("a chunk longer than its size");
      this.#state = "size";
    } else if (this.#state === "size") {
      const match = /^([0-9a-fA-F]{1,12})[ \t]*(?:;.*)?$/.exec(line);
      if (!match) throw new BadMessage("a chunk without a size");
      this.#left = Number.parseInt(match[1] ?? "", 16);
      this.#state = this.#left === 0 ? "trailers" : "payload";
    } else if (line === "") {
      this.#state = "done";
    } else {
      this.#trailers += `${line}\r\n`;
      if (this.#trailers.length > limits.headBytes) throw new BadMessage("trailers that are too long");
    }
  }
}
