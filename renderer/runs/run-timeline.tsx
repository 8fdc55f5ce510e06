import { type RefObject, useMemo } from "react";
import type { RunNote } from "../../electron/model/annotations.ts";
import { LANE_KINDS, type LaneKind } from "../../electron/model/lanes.ts";
import { useInteraction, usePreferences } from "../state/lab-context.tsx";
import type { OpenRun } from "../state/lab-store.ts";
import { stretchOf, viewportOf } from "../timeline/axis.ts";
import { TimelineView } from "../timeline/timeline-view.tsx";
import { axisOfRun } from "./axis-of-run.ts";
import { LaneMenu } from "./lane-menu.tsx";
import { useRunClock } from "./use-run-clock.ts";

const PRESENTER_SCALE = 1.7;
/** In presenter mode the map shows the calls, and the narration the phases. */
const PRESENTER_HIDDEN: readonly LaneKind[] = ["phases", "hits", "links", "checks", "logs"];

interface RunTimelineProps {
  run: OpenRun;
  notes: readonly RunNote[];
  picture: RefObject<(() => string | undefined) | undefined>;
  onSelect: (seq: number | undefined) => void;
}

/** The time axis of a run. While the run is live it is rendered with each tick of the clock, the rest of the page is not. */
export function RunTimeline({ run, notes, picture, onSelect }: RunTimelineProps) {
  const { record, version } = run;
  const cursorMs = useInteraction((state) => state.cursorMs);
  const selectedSeq = useInteraction((state) => state.selectedSeq);
  const stretch = useInteraction((state) => state.stretch);
  const look = useInteraction((state) => state.look);
  const collapsesIdle = usePreferences((state) => state.collapsesIdle);
  const hiddenLanes = usePreferences((state) => state.hiddenLanes);
  const isPresenting = usePreferences((state) => state.isPresenting);
  const nowMs = useRunClock(run);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the record grows in place; its version changes
  const axis = useMemo(() => axisOfRun(record, nowMs, collapsesIdle), [record, version, nowMs, collapsesIdle]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the record grows in place; its version changes
  const looks = useMemo(() => record.looksAt(cursorMs), [record, version, cursorMs]);
  const viewport = useMemo(() => stretch && viewportOf(stretch, axis), [stretch, axis]);
  const hidden = useMemo(
    () => new Set([...hiddenLanes, ...(isPresenting ? PRESENTER_HIDDEN : [])]),
    [hiddenLanes, isPresenting],
  );
  return (
    <TimelineView
      model={record.timeline}
      notes={notes}
      picture={picture}
      version={version}
      axis={axis}
      nowMs={nowMs}
      viewport={viewport}
      cursorMs={cursorMs}
      looks={looks}
      selectedSeq={selectedSeq}
      hiddenLanes={hidden}
      sizeScale={isPresenting ? PRESENTER_SCALE : 1}
      label="Moment shown"
      onViewport={(next) => look({ stretch: next && stretchOf(next, axis) })}
      onCursor={(ms) => look({ cursorMs: ms })}
      onSelect={onSelect}
      corner={LANE_KINDS.some((kind) => record.timeline.hasAny(kind)) && CORNER}
    />
  );
}

const CORNER = <LaneMenu />;
