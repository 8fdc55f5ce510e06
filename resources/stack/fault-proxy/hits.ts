/** The record of which request met which toxic: a bounded ring, numbered without gaps, that can be read and followed. */
import { limits } from "./limits.ts";

export interface Hit {
  /** From 1, without gaps, over all links. */
  seq: number;
  /** Milliseconds since the epoch. */
  at: number;
  link: string;
  toxic: string;
  type: string;
  /** Which connection of the link, counted from 1. */
  connection: number;
  method?: string;
  tool?: string;
  jsonrpcId?: string | number;
  sessionId?: string;
  traceparent?: string;
  /** What was done to it, in words. */
  effect: string;
}

export interface HitPage {
  hits: Hit[];
  /** Give it as `since` to read on. */
  next: number;
  /** How many of the hits asked for had already left the ring. */
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

  /** How many hits have left the ring. */
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

  /** Hands over each hit from now on. Returns what ends that. */
  follow(follower: HitFollower): () => void {
    this.#followers.add(follower);
    return () => this.#followers.delete(follower);
  }

  /** No hit comes any more: whoever follows is told so. */
  close(): void {
    for (const { end } of [...this.#followers]) end();
  }
}
