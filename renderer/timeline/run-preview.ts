import type { LaneSummary } from "../../electron/contract/history.ts";
import { type LaneKind, summaryLooks } from "../../electron/model/lanes.ts";
import { type Tone, toneIndex } from "../../electron/model/tone.ts";

/** Activity of one tone in one row of a lane. */
export interface PreviewMark {
  /** The service of the row; undefined in lanes without named rows. */
  rowTitle: string | undefined;
  tone: Tone;
  /** Indexes of slices with activity, ascending. */
  slices: readonly number[];
}

/**
 * Preview of a long run while its log is loading: the time slices with activity, by lane. The timeline draws it beyond the
 * events that have arrived.
 */
export class RunPreview {
  readonly lastMs: number;
  readonly sliceMs: number;
  readonly #marks = new Map<LaneKind, PreviewMark[]>();
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

  /** Marks of a lane, tones of higher priority last. */
  marks(kind: LaneKind): readonly PreviewMark[] {
    return this.#marks.get(kind) ?? [];
  }

  /** Moments with activity after `ms`, at the precision of the slices. */
  *instantsAfter(ms: number): Generator<number> {
    for (const slice of this.#busy) if (slice * this.sliceMs > ms) yield slice * this.sliceMs;
  }

  #add(kind: LaneKind, mark: PreviewMark): void {
    const marks = this.#marks.get(kind);
    if (marks === undefined) this.#marks.set(kind, [mark]);
    else marks.push(mark);
  }
}
