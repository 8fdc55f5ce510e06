/** Parses server-sent events from arbitrary pieces. Returns only their data. */
import { StringDecoder } from "node:string_decoder";

export class EventParser {
  readonly #onData: (data: string) => void;
  readonly #decoder = new StringDecoder("utf8");
  #rest = "";
  #holdsCarriageReturn = false;
  #data: string[] = [];

  constructor(onData: (data: string) => void) {
    this.#onData = onData;
  }

  push(chunk: Buffer): void {
    const text = this.#decoder.write(chunk);
    // A long line arrives in many pieces: they are scanned once, when it ends.
    if (!this.#holdsCarriageReturn && !/[\r\n]/.test(text)) {
      this.#rest += text;
      return;
    }
    this.#rest += text;
    // A CR at the end may be half of a CRLF: keep it for the next piece.
    const complete = this.#rest.endsWith("\r") ? this.#rest.slice(0, -1) : this.#rest;
    const lines = complete.split(/\r\n|\n|\r/);
    const held = this.#rest.slice(complete.length);
    this.#rest = (lines.pop() ?? "") + held;
    this.#holdsCarriageReturn = held !== "";
    for (const line of lines) this.#line(line);
  }

  #line(line: string): void {
    if (line === "") {
      const data = this.#data.join("\n");
      this.#data = [];
      if (data !== "") this.#onData(data);
    } else if (line.startsWith("data:")) {
      this.#data.push(line.slice(line[5] === " " ? 6 : 5));
    }
  }
}
