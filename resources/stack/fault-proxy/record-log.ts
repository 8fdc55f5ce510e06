/** What the proxy records for a reader elsewhere: a bounded ring, numbered without gaps, to be read and followed. */
import { limits } from "./limits.ts";

export type Numbered<Entry> = Entry & {
  /** From 1, without gaps, over all links. */
  seq: number;
};

export interface Page<Entry> {
  entries: Numbered<Entry>[];
  /** The value of `since` for the next page. */
  next: number;
  /** Number of requested entries that had already left the ring, or were never recorded. */
  dropped: number;
}

export interface Follower {
  /** There are entries after those that it has read. */
  wake(): void;
  end(): void;
}

export class RecordLog<Entry extends object> {
  readonly #ring: (Numbered<Entry> | undefined)[] = [];
  readonly #capacity: number;
  readonly #followers = new Set<Follower>();
  #last = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get last(): number {
    return this.#last;
  }

  get followers(): number {
    return this.#followers.size;
  }

  /** Number of entries that have left the ring. */
  get droppedTotal(): number {
    return Math.max(0, this.#last - this.#capacity);
  }

  /** Returns the entry as it is kept. */
  record(entry: Entry): Numbered<Entry> {
    const numbered = { seq: this.#last + 1, ...entry };
    this.#add(numbered);
    return numbered;
  }

  /** Uses a number for an entry that could not be kept, which readers count as dropped. */
  drop(): void {
    this.#add(undefined);
  }

  since(seq: number, count: number = limits.recordsPerAnswer): Page<Entry> {
    const first = Math.max(seq + 1, this.droppedTotal + 1);
    const entries: Numbered<Entry>[] = [];
    let next = Math.max(Math.min(seq, this.#last), Math.min(first - 1, this.#last));
    for (; next < this.#last && entries.length < count; next += 1) {
      const entry = this.#ring[next % this.#capacity];
      if (entry) entries.push(entry);
    }
    return { entries, next, dropped: Math.max(0, next - seq - entries.length) };
  }

  /** Wakes the follower for each entry from now on. Returns a function that unsubscribes. */
  follow(follower: Follower): () => void {
    this.#followers.add(follower);
    return () => this.#followers.delete(follower);
  }

  #add(entry: Numbered<Entry> | undefined): void {
    this.#last += 1;
    this.#ring[(this.#last - 1) % this.#capacity] = entry;
    for (const { wake } of this.#followers) wake();
  }

  /** Ends the record: followers are notified that no further entry will come. */
  close(): void {
    for (const { end } of [...this.#followers]) end();
  }
}
