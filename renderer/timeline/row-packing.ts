import type { SpanColumns } from "./span-columns.ts";

/**
 * Assigns spans to rows of a lane. Up to `maxRows` spans have a row each, so that their labels have room; more spans share
 * rows, each in the first free one, or overlapping in the last row.
 */
export class RowPacking {
  readonly #spans: SpanColumns;
  readonly #maxRows: number;
  #rowEndsMs: number[] = [];
  #isShared = false;

  constructor(spans: SpanColumns, maxRows: number) {
    this.#spans = spans;
    this.#maxRows = maxRows;
  }

  /** Rows in use, at least one. */
  get rows(): number {
    return Math.max(1, this.#isShared ? this.#rowEndsMs.length : this.#spans.length);
  }

  /** The row for a new span. */
  rowFor(startMs: number, endMs: number): number {
    if (!this.#isShared && this.#spans.length < this.#maxRows) return this.#spans.length;
    if (!this.#isShared) this.#share();
    return this.#place(startMs, endMs);
  }

  /** Frees the row of an open span that has ended. */
  ended(row: number, endMs: number): void {
    if (this.#isShared && this.#rowEndsMs[row] === Number.POSITIVE_INFINITY) this.#rowEndsMs[row] = endMs;
  }

  #share(): void {
    this.#isShared = true;
    const spans = this.#spans;
    for (let index = 0; index < spans.length; index++) {
      spans.row[index] = this.#place(spans.startAt(index), spans.endAt(index));
    }
  }

  #place(startMs: number, endMs: number): number {
    const free = this.#rowEndsMs.findIndex((rowEndMs) => rowEndMs <= startMs);
    const row = free >= 0 ? free : Math.min(this.#rowEndsMs.length, this.#maxRows - 1);
    this.#rowEndsMs[row] = Math.max(this.#rowEndsMs[row] ?? 0, endMs);
    return row;
  }
}
