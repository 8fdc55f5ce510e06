/** The record of hits, a toxic's effects on requests: a bounded ring, numbered without gaps, to be read and followed. */
import { limits } from "./limits.ts";

export interface Hit {
  /** From 1, without gaps, over all links. */
  seq: number;
  /** Milliseconds since the epoch. */
  at: number;
  link: string;
  toxic: string;
  type: string;
  /** Number of the link's connection, from 1. */
  connection: number;
  method?: string;
  tool?: string;
  jsonrpcId?: string | number;
  sessionId?: string;
  traceparent?: string;
  /** The effect, as text. */
  effect: string;
}

export interface HitPage {
  hits: Hit[];
  /** The value of `since` for the next page. */
  next: number;
  /** Number of requested hits that had already left the ring. */
  dropped: number;
}

export interface HitFollower {
  take(hit: Hit): void;
  end(): void;
}

export class HitLog {
  readonly #ring: Hit[] = [];
  readonly #capacity: number;
  readonly #followers = new Set<HitFollower>();
  #last = 0;

  constructor(capacity: number = limits.hits) {
    this.#capacity = capacity;
  }

  get last(): number {
    return this.#last;
  }

  get followers(): number {
    return this.#followers.size;
  }

  /** Number of hits that have left the ring. */
  get droppedTotal(): number {
    return Math.max(0, this.#last - this.#capacity);
  }

  record(hit: Omit<Hit, "seq" | "at">): void {
    this.#last += 1;
    const numbered: Hit = { seq: this.#last, at: Date.now(), ...hit };
    this.#ring[(this.#last - 1) % this.#capacity] = numbered;
    for (const { take } of this.#followers) take(numbered);
  }

  since(seq: number, count: number = limits.hitsPerAnswer): HitPage {
    const oldest = this.droppedTotal + 1;
    const first = Math.max(seq + 1, oldest);
    const hits: Hit[] = [];
    for (let at = first; at <= this.#last && hits.length < count; at += 1) {
      const hit = this.#ring[(at - 1) % this.#capacity];
      if (hit) hits.push(hit);
    }
    const dropped = Math.max(0, Math.min(oldest, this.#last + 1) - Math.max(seq + 1, 1));
    return { hits, next: hits.at(-1)?.seq ?? Math.min(seq, this.#last), dropped };
  }

  /** Passes each hit from now on to the follower. Returns a function that unsubscribes. */
  follow(follower: HitFollower): () => void {
    this.#followers.add(follower);
    return () => this.#followers.delete(follower);
  }

  /** Ends the record: followers are notified that no further hit will come. */
  close(): void {
    for (const { end } of [...this.#followers]) end();
  }
}
