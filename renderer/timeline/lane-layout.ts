import { LANE_KINDS, type LaneKind } from "../../electron/model/lanes.ts";
import type { TimelineModel } from "./timeline-model.ts";

/** Position and size of a lane. */
export interface LaneBox {
  kind: LaneKind;
  topPx: number;
  rowPx: number;
  rows: number;
}

const ROW_PX: Record<LaneKind, number> = {
  phases: 20,
  steps: 20,
  faults: 20,
  hits: 16,
  health: 17,
  backends: 17,
  calls: 20,
  links: 16,
  approvals: 20,
  checks: 16,
  logs: 11,
};
export const LANE_GAP_PX = 8;

/** Empty lanes are omitted, except those whose emptiness tells something of a run: a trace has no phases. */
const EXPECTED: readonly LaneKind[] = ["phases", "steps", "health", "calls"];

/** @param scale above 1 in presenter mode */
export function layOut(
  model: TimelineModel,
  hidden: ReadonlySet<LaneKind>,
  scale: number,
): { boxes: LaneBox[]; heightPx: number } {
  const boxes: LaneBox[] = [];
  let topPx = LANE_GAP_PX / 2;
  const isRun = !model.hasEnded || model.hasAny("phases");
  for (const kind of LANE_KINDS) {
    if (hidden.has(kind)) continue;
    if (!model.hasAny(kind) && !(isRun && EXPECTED.includes(kind))) continue;
    const rows = model.rowsOf(kind);
    const rowPx = Math.round(ROW_PX[kind] * scale);
    boxes.push({ kind, topPx, rowPx, rows });
    topPx += rows * rowPx + LANE_GAP_PX;
  }
  return { boxes, heightPx: topPx };
}

export function boxAt(boxes: readonly LaneBox[], yPx: number): { box: LaneBox; row: number } | undefined {
  const box = boxes.find(({ topPx, rowPx, rows }) => yPx >= topPx && yPx < topPx + rowPx * rows);
  return box === undefined ? undefined : { box, row: Math.floor((yPx - box.topPx) / box.rowPx) };
}
