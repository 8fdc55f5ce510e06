/** The most recent entries, oldest first, bounded by the limit: the oldest is dropped first. */
import type { EnvironmentReader } from "./environment.ts";

const defaultLimit = 1_000;
const largestLimit = 1_000_000;

export class BoundedHistory<Entry> {
  readonly limit: number;
  /** Number of entries that are no longer kept. */
  dropped = 0;
  readonly #entries: Entry[] = [];
  /** Index of the oldest entry, once the history is full. */
  #oldest = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  get size(): number {
    return this.#entries.length;
  }

  add(entry: Entry): void {
    if (this.#entries.length < this.limit) {
      this.#entries.push(entry);
      return;
    }
    this.dropped += 1;
    this.#entries[this.#oldest] = entry;
    this.#oldest = (this.#oldest + 1) % this.limit;
  }

  latest(count: number): Entry[] {
    const inOrder = [...this.#entries.slice(this.#oldest), ...this.#entries.slice(0, this.#oldest)];
    return count > 0 ? inOrder.slice(-count) : [];
  }
}

/** An invalid limit must neither remove the bound nor prevent the service from starting. */
export function readHistoryLimit(environment: EnvironmentReader): number {
  const limit = Number(environment.optionalString("HISTORY_LIMIT"));
  return Number.isSafeInteger(limit) && limit > 0 ? Math.min(limit, largestLimit) : defaultLimit;
}
