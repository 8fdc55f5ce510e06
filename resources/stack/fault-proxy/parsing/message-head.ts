/** A request's or reply's first line and headers, stored as sent, so that an unmodified head is passed on unchanged. */
import { BadMessage } from "./bad-message.ts";

export const requestLine = /^([A-Z]{3,10}) (\S+) HTTP\/1\.([01])$/;
export const statusLine = /^HTTP\/1\.([01]) ([1-5]\d\d)(?: |$)/;

export class MessageHead {
  startLine: string;
  readonly #headers: { name: string; key: string; value: string }[] = [];

  /** `text` ends with the empty line. Throws BadMessage. */
  constructor(text: string) {
    const lines = text.slice(0, -4).split("\r\n");
    this.startLine = lines[0] ?? "";
    for (let at = 1; at < lines.length; at += 1) {
      const line = lines[at] ?? "";
      const colon = line.indexOf(":");
      const name = line.slice(0, colon);
      if (colon <= 0 || /[\s\0]/.test(name)) throw new BadMessage(`header line ${at} has no valid name`);
      this.#headers.push({ name, key: name.toLowerCase(), value: line.slice(colon + 1).trim() });
    }
  }

  /** All values of the name, joined with commas (RFC 9110). `key` is in lower case. */
  get(key: string): string | undefined {
    let found: string | undefined;
    for (const header of this.#headers) {
      if (header.key === key) found = found === undefined ? header.value : `${found}, ${header.value}`;
    }
    return found;
  }

  set(name: string, value: string): void {
    const key = name.toLowerCase();
    const first = this.#headers.findIndex((header) => header.key === key);
    this.delete(key);
    this.#headers.splice(first === -1 ? this.#headers.length : first, 0, { name, key, value });
  }

  delete(key: string): void {
    for (let at = this.#headers.length - 1; at >= 0; at -= 1) {
      if (this.#headers[at]?.key === key) this.#headers.splice(at, 1);
    }
  }

  toBuffer(): Buffer {
    let text = `${this.startLine}\r\n`;
    for (const { name, value } of this.#headers) text += `${name}: ${value}\r\n`;
    return Buffer.from(`${text}\r\n`, "latin1");
  }
}

export class RequestHead extends MessageHead {
  readonly method: string;
  readonly target: string;
  readonly isHttp10: boolean;

  constructor(text: string) {
    super(text);
    const match = requestLine.exec(this.startLine);
    if (!match) throw new BadMessage("no request line");
    this.method = match[1] ?? "";
    this.target = match[2] ?? "";
    this.isHttp10 = match[3] === "0";
  }
}

export class ReplyHead extends MessageHead {
  readonly status: number;

  constructor(text: string) {
    super(text);
    const match = statusLine.exec(this.startLine);
    if (!match) throw new BadMessage("no status line");
    this.status = Number(match[2]);
  }

  get isEventStream(): boolean {
    return isEventStream(this);
  }
}

export function isEventStream(head: Pick<MessageHead, "get">): boolean {
  return head.get("content-type")?.toLowerCase().startsWith("text/event-stream") ?? false;
}

export function isRequestLine(line: string): boolean {
  return requestLine.test(line);
}

export function isStatusLine(line: string): boolean {
  return statusLine.test(line);
}
