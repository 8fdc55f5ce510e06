/**
 * Bounds the bytes that all event streams of a gateway keep together. Above the bound, the streams with the oldest latest
 * event drop theirs first.
 */

/** The kept events of one stream, as needed to count and drop them. */
export interface CountedEvents {
  readonly bytes: number;
  /** False if nothing is left to drop. */
  dropOldest(): boolean;
}

const defaultLimitBytes = 256 * 1024 * 1024;

export class StreamMemory {
  readonly #limitBytes: number;
  /** The bytes counted for each stream, the least recently updated first. */
  readonly #counted = new Map<CountedEvents, number>();
  #bytes = 0;
  /** Number of events that were dropped before being sent to a connection. */
  dropped = 0;

  constructor(limitBytes = defaultLimitBytes) {
    this.#limitBytes = limitBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The stream has a new event. */
  grew(events: CountedEvents): void {
    this.forget(events);
    this.#count(events);
    for (const oldest of this.#counted.keys()) {
      while (this.#bytes > this.#limitBytes && oldest.dropOldest()) this.#count(oldest);
      if (this.#bytes <= this.#limitBytes) return;
      // Only its short replacements are left.
      this.forget(oldest);
    }
  }

  forget(events: CountedEvents): void {
    this.#bytes -= this.#counted.get(events) ?? 0;
    this.#counted.delete(events);
  }

  #count(events: CountedEvents): void {
    this.#bytes += events.bytes - (this.#counted.get(events) ?? 0);
    this.#counted.set(events, events.bytes);
  }
}
