/**
 * What the event streams of a gateway keep, all together: bounded in bytes. Above the bound the streams that had an event
 * longest ago let go of theirs first.
 */

/** What one stream keeps, as far as it has to be counted and cut. */
export interface CountedEvents {
  readonly bytes: number;
  /** False where nothing is left to go. */
  dropOldest(): boolean;
}

const defaultLimitBytes = 256 * 1024 * 1024;

export class StreamMemory {
  readonly #limitBytes: number;
  /** What each was counted with, the one with the oldest news first. */
  readonly #counted = new Map<CountedEvents, number>();
  #bytes = 0;
  /** Events that went before any connection had been sent them. */
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
      // What is left of it is a few bytes that stand for what went.
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
