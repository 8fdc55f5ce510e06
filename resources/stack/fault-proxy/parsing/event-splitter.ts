/** Splits a text/event-stream body into its events, each with its terminating empty line, byte for byte. */
import { limits } from "../limits.ts";

export class EventSplitter {
  #collected: Buffer[] = [];
  #bytes = 0;
  /** Whether the current line is empty so far. */
  #isLineEmpty = true;
  #wasCarriageReturn = false;

  /** The events that end in this piece. An event over the limit is returned in parts. */
  push(piece: Buffer): Buffer[] {
    const events: Buffer[] = [];
    let from = 0;
    for (let at = 0; at < piece.length; at += 1) {
      const byte = piece[at];
      if (byte === 0x0a && this.#wasCarriageReturn) {
        this.#wasCarriageReturn = false;
        continue;
      }
      this.#wasCarriageReturn = byte === 0x0d;
      if (byte !== 0x0a && byte !== 0x0d) {
        this.#isLineEmpty = false;
        continue;
      }
      if (!this.#isLineEmpty) {
        this.#isLineEmpty = true;
        continue;
      }
      // CRLF is one line end: its LF belongs to this event if it has already arrived.
      const to = byte === 0x0d && piece[at + 1] === 0x0a ? at + 2 : at + 1;
      if (to === at + 2) {
        at += 1;
        this.#wasCarriageReturn = false;
      }
      this.#collected.push(piece.subarray(from, to));
      events.push(this.#take());
      from = to;
    }
    if (from < piece.length) {
      this.#collected.push(piece.subarray(from));
      this.#bytes += piece.length - from;
    }
    if (this.#bytes > limits.eventBytes) events.push(this.#take());
    return events;
  }

  /** The rest when the stream ends: an event without its empty line. */
  rest(): Buffer | undefined {
    return this.#collected.length === 0 ? undefined : this.#take();
  }

  #take(): Buffer {
    const [first] = this.#collected;
    const event = this.#collected.length === 1 && first ? first : Buffer.concat(this.#collected);
    this.#collected = [];
    this.#bytes = 0;
    return event;
  }
}

/** The event's data; undefined for a comment, a retry, or an event that only sets an id. */
export function eventData(event: Buffer): string | undefined {
  const data: string[] = [];
  for (const line of eventLines(event)) {
    if (line.startsWith("data:")) data.push(line.slice(line[5] === " " ? 6 : 5));
  }
  const text = data.join("\n");
  return text === "" ? undefined : text;
}

export function eventLines(event: Buffer): string[] {
  return event.toString("utf8").split(/\r\n|\r|\n/);
}
