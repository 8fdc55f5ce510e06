/**
 * A head of which a few headers are read: for a copy that is read beside the connection, where what is invalid is left to
 * the receiver. Of a repeated header the first counts.
 */
import { BadMessage } from "./bad-message.ts";
import { requestLine, statusLine } from "./message-head.ts";

class QuickHead {
  readonly startLine: string;
  readonly #text: string;
  #lower: string | undefined;

  /** `text` ends with the empty line. */
  constructor(text: string) {
    this.#text = text;
    this.startLine = text.slice(0, text.indexOf("\r\n"));
  }

  /** `key` is in lower case. */
  get(key: string): string | undefined {
    this.#lower ??= this.#text.toLowerCase();
    const line = this.#lower.indexOf(`\r\n${key}:`);
    if (line === -1) return undefined;
    const from = line + key.length + 3;
    return this.#text.slice(from, this.#text.indexOf("\r\n", from)).trim();
  }
}

export class QuickRequestHead extends QuickHead {
  readonly method: string;
  readonly target: string;

  /** Throws BadMessage. */
  constructor(text: string) {
    super(text);
    const match = requestLine.exec(this.startLine);
    if (!match) throw new BadMessage("no request line");
    this.method = match[1] ?? "";
    this.target = match[2] ?? "";
  }
}

export class QuickReplyHead extends QuickHead {
  readonly status: number;

  /** Throws BadMessage. */
  constructor(text: string) {
    super(text);
    const match = statusLine.exec(this.startLine);
    if (!match) throw new BadMessage("no status line");
    this.status = Number(match[2]);
  }
}
