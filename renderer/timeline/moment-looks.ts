import type { TextPart } from "../../electron/model/catalogue/entry.ts";
import type { LaneKind } from "../../electron/model/lanes.ts";
import { lookOfSpan } from "../../electron/model/looks.ts";
import type { RunView } from "../../electron/model/run-view.ts";
import type { AnySpan } from "../../electron/model/span.ts";
import type { Tone } from "../../electron/model/tone.ts";

/** How a span in progress at the moment shown is drawn: without what happened to it later. */
export interface MomentLook {
  tone: Tone;
  label: readonly TextPart[];
}

/** By lane and index; only of spans that are in progress at that moment. */
export type MomentLooks = ReadonlyMap<LaneKind, ReadonlyMap<number, MomentLook>>;

/**
 * @param newest the whole run
 * @param seq number of the last event before the moment
 */
export function momentLooks(newest: RunView, seq: number, ms: number): MomentLooks {
  const looks = new Map<LaneKind, Map<number, MomentLook>>();
  const { phases, steps, faults, health, calls, approvals } = newest;
  for (const spans of [phases, steps, faults, health, calls, approvals] as const) {
    for (const span of spans as readonly AnySpan[]) {
      if (span.startMs > ms || span.endMs <= ms) continue;
      const { lane, tone, label } = lookAt(span, seq);
      let ofLane = looks.get(lane);
      if (ofLane === undefined) {
        ofLane = new Map();
        looks.set(lane, ofLane);
      }
      ofLane.set(span.index, { tone, label });
    }
  }
  return looks;
}

/** A call is recorded with its first decision: before it, only its tool is known. */
function lookAt(span: AnySpan, seq: number): { lane: LaneKind; tone: Tone; label: TextPart[] } {
  let version = span;
  while (version.changedSeq > seq && version.before !== undefined) version = version.before;
  const look = lookOfSpan(version);
  return version.changedSeq > seq ? { ...look, tone: "muted", label: [{ text: span.name }] } : look;
}
