import { type Tone, toneIndex } from "../../electron/model/tone.ts";

const FIRST_CAPACITY = 64;

/**
 * The spans of one lane as columns: a hundred thousand are scanned for every frame while panning, and objects would make
 * that ten times slower. Spans keep the index they were added at; {@link inOrder} sorts them by start.
 *
 * An `endMs` of Infinity is an open span.
 */
export class SpanColumns {
  length = 0;
  startMs = new Float64Array(FIRST_CAPACITY);
  endMs = new Float64Array(FIRST_CAPACITY);
  tone = new Uint8Array(FIRST_CAPACITY);
  row = new Uint8Array(FIRST_CAPACITY);
  /** The number of the event that is selected with this span. */
  seq = new Uint32Array(FIRST_CAPACITY);
  #order: Uint32Array | undefined;
  #isSorted = true;

  add(span: { startMs: number; endMs: number; tone: Tone; row: number; seq: number }): number {
    const index = this.length;
    if (index === this.startMs.length) this.#grow();
    this.startMs[index] = span.startMs;
    this.endMs[index] = span.endMs;
    this.tone[index] = toneIndex(span.tone);
    this.row[index] = span.row;
    this.seq[index] = span.seq;
    if (index > 0 && span.startMs < this.startAt(index - 1)) this.#isSorted = false;
    this.#order = undefined;
    this.length++;
    return index;
  }

  startAt(index: number): number {
    return this.startMs[index] ?? 0;
  }

  endAt(index: number): number {
    return this.endMs[index] ?? 0;
  }

  /** Updates a span; also its start, if that was only inferred before. */
  amend(index: number, { startMs, endMs, tone }: { startMs: number; endMs: number; tone: Tone }): void {
    if (startMs !== this.startAt(index)) {
      this.startMs[index] = startMs;
      this.#isSorted = false;
      this.#order = undefined;
    }
    this.endMs[index] = endMs;
    this.tone[index] = toneIndex(tone);
  }

  /** Indexes by start time; undefined when spans were added in that order. */
  inOrder(): Uint32Array | undefined {
    if (this.#isSorted) return undefined;
    this.#order ??= Uint32Array.from({ length: this.length }, (_, index) => index).sort(
      (a, b) => this.startAt(a) - this.startAt(b) || a - b,
    );
    return this.#order;
  }

  /** The span opened by this event, or -1. */
  indexOfSeq(seq: number): number {
    return this.seq.subarray(0, this.length).indexOf(seq);
  }

  #grow(): void {
    const capacity = this.startMs.length * 2;
    this.startMs = copyInto(new Float64Array(capacity), this.startMs);
    this.endMs = copyInto(new Float64Array(capacity), this.endMs);
    this.tone = copyInto(new Uint8Array(capacity), this.tone);
    this.row = copyInto(new Uint8Array(capacity), this.row);
    this.seq = copyInto(new Uint32Array(capacity), this.seq);
  }
}

function copyInto<Column extends Float64Array | Uint8Array | Uint32Array>(target: Column, source: Column): Column {
  target.set(source);
  return target;
}
