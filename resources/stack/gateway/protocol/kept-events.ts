/**
 * The events of one stream that can still be sent, to the current connection or after a resumption. Bounded in number and
 * bytes; the oldest are dropped first. A dropped response to a request is replaced by a short error.
 */
import type { CountedEvents, StreamMemory } from "./stream-memory.ts";

const eventsLimit = 1_000;
const bytesLimit = 32 * 1024 * 1024;

interface KeptEvent {
  /** From 1, without gaps. */
  sequence: number;
  frame: Buffer;
  instead: Buffer | undefined;
}

export class KeptEvents implements CountedEvents {
  readonly #memory: StreamMemory;
  readonly #events: KeptEvent[] = [];
  #bytes = 0;
  #last = 0;
  #sent = 0;

  constructor(memory: StreamMemory) {
    this.#memory = memory;
  }

  /** The sequence of the newest event so far; 0 before the first. */
  get last(): number {
    return this.#last;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Both are created from the event's sequence; `instead` replaces the event if it is dropped. */
  add(frame: (sequence: number) => Buffer, instead?: (sequence: number) => Buffer): void {
    const sequence = this.#last + 1;
    const event = { sequence, frame: frame(sequence), instead: instead?.(sequence) };
    this.#last = sequence;
    this.#events.push(event);
    this.#bytes += event.frame.length;
    // The newest is kept whatever its size: it may be the response.
    while (this.#events.length > 1 && (this.#events.length > eventsLimit || this.#bytes > bytesLimit))
      this.dropOldest();
    this.#memory.grew(this);
  }

  /** The first kept event after `sequence`. */
  take(sequence: number): { sequence: number; frame: Buffer } | undefined {
    const [first] = this.#events;
    const event = first && this.#events[Math.max(0, sequence + 1 - first.sequence)];
    if (event) this.#sent = Math.max(this.#sent, event.sequence);
    return event;
  }

  dropOldest(): boolean {
    const [first] = this.#events;
    if (!first || first.frame === first.instead) return false;
    if (first.sequence > this.#sent) this.#memory.dropped += 1;
    this.#bytes -= first.frame.length;
    if (first.instead) {
      first.frame = first.instead;
      this.#bytes += first.frame.length;
    } else {
      this.#events.shift();
    }
    return true;
  }

  /** The events can no longer be requested. */
  clear(): void {
    this.#events.length = 0;
    this.#bytes = 0;
    this.#memory.forget(this);
  }
}
