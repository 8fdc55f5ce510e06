import type { LaneSummary } from "../../electron/contract/history.ts";
import type { Decision } from "../../electron/model/lab-event.ts";
import { type Tone, toneIndex, toneOf } from "../../electron/model/tone.ts";
import type { LaneKind } from "./lane.ts";

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
    for (const { lane, name, buckets } of lanes) {
      const slices = buckets.map(([slice]) => slice);
      if (lane !== "logs") for (const slice of slices) busy.add(slice);
      for (const [kind, tone] of placesOf(lane, name)) this.#add(kind, lane, { name, tone, slices });
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

  #add(
    kind: LaneKind,
    lane: SummaryLane,
    { name, tone, slices }: { name: string; tone: Tone; slices: number[] },
  ): void {
    const marks = this.#marks.get(kind) ?? [];
    marks.push({ rowTitle: lane === "health" || lane === "logs" ? name : undefined, tone, slices });
    this.#marks.set(kind, marks);
  }
}

type SummaryLane = LaneSummary["lanes"][number]["lane"];

/** In which lanes of the timeline the events of a summary's lane are seen, and as what. */
function placesOf(lane: SummaryLane, name: string): [LaneKind, Tone][] {
  switch (lane) {
    case "calls": {
      const tone = toneOf(name as Decision);
      return name === "approvalRequired"
        ? [
            ["calls", tone],
            ["approvals", tone],
          ]
        : [["calls", tone]];
    }
    case "warnings":
      return [["checks", "warning"]];
    default:
      return [[lane, TONE_OF[lane]]];
  }
}

/** What became of them is told by the events alone. */
const TONE_OF = {
  phases: "neutral",
  steps: "step",
  faults: "fault",
  hits: "fault",
  health: "unknown",
  checks: "neutral",
  logs: "log",
} as const satisfies Partial<Record<SummaryLane, Tone>>;
