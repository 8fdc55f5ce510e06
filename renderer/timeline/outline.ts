import type { LaneSummary } from "../../electron/contract/history.ts";
import { type LaneKind, summaryLooks } from "../../electron/model/lanes.ts";
import { type Tone, toneIndex } from "../../electron/model/tone.ts";

/** Where something happened, of one colour and in one row of a lane. */
export interface OutlineMark {
  /** The service whose row it is; undefined in lanes whose rows have no names. */
  rowTitle: string | undefined;
  tone: Tone;
  /** Numbers of slices in which something happened, ascending. */
  slices: readonly number[];
}

/**
 * A long run before its log has been read: in which slices of its time something happened, lane by lane. The timeline is
 * drawn whole from it at once, and event by event as far as they have arrived.
 */
export class Outline {
  readonly lastMs: number;
  readonly sliceMs: number;
  readonly #marks = new Map<LaneKind, OutlineMark[]>();
  readonly #busy: number[];

  constructor({ lastMs, bucketMs, lanes }: LaneSummary) {
    this.lastMs = lastMs;
    this.sliceMs = bucketMs;
    const busy = new Set<number>();
    for (const { lane: summary, name, buckets } of lanes) {
      const slices = buckets.map(([slice]) => slice);
      if (summary !== "logs") for (const slice of slices) busy.add(slice);
      for (const { lane, tone, isRow } of summaryLooks(summary, name)) {
        this.#add(lane, { rowTitle: isRow ? name : undefined, tone, slices });
      }
    }
    this.#busy = [...busy].sort((a, b) => a - b);
    for (const marks of this.#marks.values()) marks.sort((a, b) => toneIndex(a.tone) - toneIndex(b.tone));
  }

  /** Of a lane, the weightier tones last. */
  marks(kind: LaneKind): readonly OutlineMark[] {
    return this.#marks.get(kind) ?? [];
  }

  /** Moments after `ms` at which something happened, as exactly as they are known. */
  *instantsAfter(ms: number): Generator<number> {
    for (const slice of this.#busy) if (slice * this.sliceMs > ms) yield slice * this.sliceMs;
  }

  #add(kind: LaneKind, mark: OutlineMark): void {
    const marks = this.#marks.get(kind);
    if (marks === undefined) this.#marks.set(kind, [mark]);
    else marks.push(mark);
  }
}
