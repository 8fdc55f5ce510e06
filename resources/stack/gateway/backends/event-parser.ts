/**
 * Server-sent events out of the pieces in which they arrive, by WHATWG's rules: lines end with LF, CR or CRLF, a byte order
 * mark at the start is no part of them, and an event that no empty line ends is dropped.
 */
import { StringDecoder } from "node:string_decoder";

export interface ServerSentEvent {
  data: string;
  /** `message` unless the server named another. */
  type: string;
}

export class EventParser {
  readonly #onEvent: (event: ServerSentEvent) => void;
  readonly #decoder = new StringDecoder("utf8");
  #isStart = true;
  #skipsLineFeed = false;
  #rest = "";
  #data: string[] = [];
  #type = "";
  #id: string | undefined;
  #retryMs: number | undefined;

  constructor(onEvent: (event: ServerSentEvent) => void) {
    this.#onEvent = onEvent;
  }

  /** From which the stream can be resumed; undefined when its server gives no ids. */
  get lastId(): string | undefined {
    return this.#id === "" ? undefined : this.#id;
  }

  /** How long the server asks to wait before that. */
  get retryMs(): number | undefined {
    return this.#retryMs;
  }

  push(chunk: Buffer): void {
    let text = this.#decoder.write(chunk);
    if (text === "") return;
    if (this.#isStart && text.startsWith("\ufeff")) text = text.slice(1);
    this.#isStart = false;
    // Half of a CRLF: the line ended with the piece before.
    if (this.#skipsLineFeed && text.startsWith("\n")) text = text.slice(1);
    this.#skipsLineFeed = text.endsWith("\r");
    this.#rest += text;
    // A long line comes in many pieces: they are looked through once, when it ends.
    if (!/[\r\n]/.test(text)) return;
    const lines = this.#rest.split(/\r\n|\n|\r/);
    this.#rest = lines.pop() ?? "";
    for (const line of lines) this.#line(line);
  }

  #line(line: string): void {
    if (line === "") {
      this.#dispatch();
      return;
    }
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
    if (field === "data") this.#data.push(value);
    else if (field === "event") this.#type = value;
    else if (field === "id" && !value.includes("\0")) this.#id = value;
    else if (field === "retry" && /^\d+$/.test(value)) this.#retryMs = Number(value);
  }

  #dispatch(): void {
    const event = { data: this.#data.join("\n"), type: this.#type || "message" };
    this.#data = [];
    this.#type = "";
    if (event.data !== "") this.#onEvent(event);
  }
}
