import type { LaneKind } from "../../electron/model/lanes.ts";
import type { Axis, Projection, Viewport } from "./axis.ts";
import { type Lane, labelText } from "./lane.ts";
import type { LaneBox } from "./lane-layout.ts";
import { LEAST_SPAN_PX, mergeSpans, RECT_FIELDS, toneName } from "./level-of-detail.ts";
import type { MomentLooks } from "./moment-looks.ts";
import type { TimelinePalette } from "./palette.ts";
import type { DrawingContext } from "./svg-context.ts";
import type { TimelineModel } from "./timeline-model.ts";

export interface Picture {
  model: TimelineModel;
  axis: Axis;
  viewport: Viewport;
  scale: Projection;
  boxes: readonly LaneBox[];
  heightPx: number;
  palette: TimelinePalette;
  nowMs: number;
  /** The moment shown; later events are dimmed. */
  cursorMs: number | undefined;
  /** Of the moment shown. */
  looks: MomentLooks | undefined;
  selectedSeq: number | undefined;
  tickPx: readonly number[];
  /** Labels without room for all of their text are shortened; otherwise they are omitted. */
  shortensLabels: boolean;
}

const LABEL_GAP_PX = 6;
/** Minimum width for a label: measuring text of a hundred thousand spans would take too long for a frame. */
const LABEL_LIMIT = 400;

/** Draws the lanes. The number of rectangles depends on the width of the window, not on the length of the run. */
export function paint(context: DrawingContext, picture: Picture): void {
  const { scale, heightPx, palette } = picture;
  context.clearRect(0, 0, scale.widthPx, heightPx);
  paintGround(context, picture);
  for (const box of picture.boxes) {
    paintPreview(context, picture, box);
    paintSpans(context, picture, box);
    if (box.kind !== "logs") paintLabels(context, picture, box);
  }
  paintUnsaved(context, picture);
  paintSelection(context, picture);
  if (picture.cursorMs === undefined) return;
  const cursorPx = scale.toPx(picture.cursorMs);
  context.fillStyle = palette.veil;
  context.fillRect(cursorPx, 0, Math.max(0, scale.widthPx - cursorPx), heightPx);
}

function paintGround(context: DrawingContext, { axis, scale, heightPx, palette, ...rest }: Picture): void {
  context.fillStyle = palette.grid;
  for (const px of rest.tickPx) context.fillRect(Math.round(px), 0, 1, heightPx);
  for (const box of rest.boxes) {
    context.fillRect(0, Math.round(box.topPx + box.rows * box.rowPx + 4), scale.widthPx, 1);
  }
  for (const segment of axis.segments) {
    if (!segment.isIdle) continue;
    const startPx = scale.toPx(segment.startMs);
    const widthPx = scale.toPx(segment.endMs) - startPx;
    if (startPx > scale.widthPx || startPx + widthPx < 0) continue;
    context.fillStyle = palette.idle;
    context.fillRect(startPx, 0, widthPx, heightPx);
  }
}

function paintSpans(context: DrawingContext, picture: Picture, box: LaneBox): void {
  const { model, scale, nowMs, palette, looks } = picture;
  const isFull =
    box.kind === "health" ||
    box.kind === "backends" ||
    box.kind === "phases" ||
    box.kind === "approvals" ||
    box.kind === "faults";
  const insetPx = INSET_PX[box.kind] ?? 3;
  for (const [tone, batch] of mergeSpans(model.lanes[box.kind].spans, scale, nowMs, looks?.get(box.kind))) {
    context.fillStyle = isFull ? palette.soft[toneName(tone)] : palette.solid[toneName(tone)];
    for (let at = 0; at < batch.length; at += RECT_FIELDS) {
      const topPx = box.topPx + (batch[at + 2] ?? 0) * box.rowPx + insetPx;
      context.fillRect(batch[at] ?? 0, topPx, Math.max((batch[at + 1] ?? 0) - 0.5, 1), box.rowPx - insetPx * 2);
    }
    if (!isFull) continue;
    // A soft band with a solid edge: readable text, with an exact start.
    context.fillStyle = palette.solid[toneName(tone)];
    for (let at = 0; at < batch.length; at += RECT_FIELDS) {
      const topPx = box.topPx + (batch[at + 2] ?? 0) * box.rowPx + insetPx;
      context.fillRect(batch[at] ?? 0, topPx, 2, box.rowPx - insetPx * 2);
    }
  }
}

/** Hatches events that are not saved yet. */
function paintUnsaved(context: DrawingContext, { model, scale, heightPx, palette }: Picture): void {
  if (model.unsavedFromMs === undefined) return;
  const fromPx = Math.max(0, Math.floor(scale.toPx(model.unsavedFromMs)));
  if (fromPx > scale.widthPx) return;
  context.save();
  context.beginPath();
  context.rect(fromPx, 0, scale.widthPx - fromPx, heightPx);
  context.clip();
  context.strokeStyle = palette.solid.warning;
  context.globalAlpha = UNSAVED_ALPHA;
  context.beginPath();
  for (let px = fromPx - heightPx; px < scale.widthPx; px += HATCH_PX) {
    context.moveTo(px, heightPx);
    context.lineTo(px + heightPx, 0);
  }
  context.stroke();
  context.restore();
}

const UNSAVED_ALPHA = 0.35;
const HATCH_PX = 8;

/** Draws the preview beyond the events that have arrived, in a paler colour. */
function paintPreview(context: DrawingContext, { model, scale, palette }: Picture, box: LaneBox): void {
  const { preview, lastMs } = model;
  if (preview === undefined || preview.lastMs <= lastMs) return;
  const insetPx = INSET_PX[box.kind] ?? 3;
  context.globalAlpha = OUTLINE_ALPHA;
  for (const { rowTitle, tone, slices } of preview.marks(box.kind)) {
    const row = rowTitle === undefined ? 0 : model.lanes[box.kind].rowTitles.indexOf(rowTitle);
    if (row < 0 || row >= box.rows) continue;
    context.fillStyle = palette.solid[tone];
    const topPx = box.topPx + row * box.rowPx + insetPx;
    for (const slice of slices) {
      const startMs = slice * preview.sliceMs;
      if (startMs < lastMs) continue;
      const startPx = scale.toPx(startMs);
      if (startPx > scale.widthPx) break;
      const widthPx = scale.toPx(Math.min(startMs + preview.sliceMs, preview.lastMs)) - startPx;
      if (startPx + widthPx >= 0) context.fillRect(startPx, topPx, Math.max(widthPx, 1), box.rowPx - insetPx * 2);
    }
  }
  context.globalAlpha = 1;
}

const OUTLINE_ALPHA = 0.45;

/** Bars of calls are thin: tool and decisions matter more than the duration. */
const INSET_PX: Partial<Record<LaneKind, number>> = { logs: 1, calls: 5, links: 4, health: 2, backends: 2 };

interface Visible {
  index: number;
  startPx: number;
  endPx: number;
}

/** Labels of the visible spans: inside a wide span, or to the right of a narrow one where the row is free. */
function paintLabels(context: DrawingContext, picture: Picture, box: LaneBox): void {
  const lane = picture.model.lanes[box.kind];
  const visible = visibleSpans(lane, picture);
  if (visible === undefined) return;
  const { palette, scale } = picture;
  context.font = palette.font;
  context.textBaseline = "middle";
  const rows: Visible[][] = [];
  for (const each of visible) {
    const row = lane.spans.row[each.index] ?? 0;
    rows[row] ??= [];
    rows[row]?.push(each);
  }
  for (const [row, spans] of rows.entries()) {
    if (spans === undefined) continue;
    const middlePx = Math.round(box.topPx + (row + 0.5) * box.rowPx) + 0.5;
    for (const [place, { index, startPx, endPx }] of spans.entries()) {
      const parts = picture.looks?.get(box.kind)?.get(index)?.label ?? lane.label(index);
      if (parts.length === 0 || (box.kind === "checks" && !isLoud(lane.spans.tone[index] ?? 0))) continue;
      const nextPx = spans[place + 1]?.startPx ?? scale.widthPx;
      const isInside = SOFT.includes(box.kind) || (box.kind === "steps" && endPx - startPx > 120);
      const fromPx = isInside ? Math.max(startPx, 0) + LABEL_GAP_PX : Math.max(endPx, 0) + LABEL_GAP_PX;
      const untilPx = (isInside && endPx - startPx > LEAST_SPAN_PX + 1 ? Math.min(endPx, nextPx) : nextPx) - 4;
      const room = { fromPx, untilPx, middlePx, isWholeOnly: !picture.shortensLabels };
      drawParts(context, parts, room, palette, isInside && box.kind === "steps");
    }
  }
}

/** Passed checks have no label; others do. */
function isLoud(tone: number): boolean {
  return toneName(tone) !== "passed";
}

const SOFT: readonly LaneKind[] = ["phases", "health", "backends", "approvals", "faults"];

function visibleSpans(lane: Lane, { scale, nowMs }: Picture): Visible[] | undefined {
  const { spans } = lane;
  const order = spans.inOrder();
  const visible: Visible[] = [];
  for (let place = 0; place < spans.length; place++) {
    const index = order === undefined ? place : (order[place] ?? 0);
    const startPx = scale.toPx(spans.startAt(index));
    if (startPx > scale.widthPx) break;
    const endMs = spans.endAt(index);
    const endPx = Math.max(scale.toPx(endMs === Number.POSITIVE_INFINITY ? nowMs : endMs), startPx + LEAST_SPAN_PX);
    if (endPx < -200) continue;
    visible.push({ index, startPx, endPx });
    if (visible.length > LABEL_LIMIT) return undefined;
  }
  return visible;
}

function drawParts(
  context: DrawingContext,
  parts: ReturnType<Lane["label"]>,
  place: { fromPx: number; untilPx: number; middlePx: number; isWholeOnly: boolean },
  palette: TimelinePalette,
  isOnSolid: boolean,
): void {
  const roomPx = place.untilPx - place.fromPx;
  const fullPx = context.measureText(labelText(parts)).width;
  if (roomPx < (place.isWholeOnly ? fullPx : Math.min(fullPx, 28))) return;
  let px = place.fromPx;
  for (const { text, tone } of parts) {
    const widthPx = context.measureText(text).width;
    context.fillStyle = isOnSolid ? palette.onSolid : tone === undefined ? palette.text : palette.solid[tone];
    const leftPx = place.untilPx - px;
    if (widthPx > leftPx) {
      const fitting = shorten(context, text, leftPx, widthPx);
      if (fitting !== undefined) context.fillText(fitting, px, place.middlePx);
      return;
    }
    context.fillText(text, px, place.middlePx);
    px += widthPx;
  }
}

/** The text truncated to the width, with an ellipsis; undefined without room for a letter. */
function shorten(context: DrawingContext, text: string, roomPx: number, widthPx: number): string | undefined {
  for (let length = Math.floor((text.length * roomPx) / widthPx); length > 1; length--) {
    const shorter = `${text.slice(0, length).trimEnd()}…`;
    if (context.measureText(shorter).width <= roomPx) return shorter;
  }
  return undefined;
}

function paintSelection(context: DrawingContext, picture: Picture): void {
  const { selectedSeq, model, scale, boxes, palette, nowMs } = picture;
  if (selectedSeq === undefined) return;
  for (const box of boxes) {
    const { spans } = model.lanes[box.kind];
    const index = spans.indexOfSeq(selectedSeq);
    if (index < 0) continue;
    const startPx = scale.toPx(spans.startAt(index));
    const endMs = spans.endAt(index);
    const endPx = Math.max(scale.toPx(endMs === Number.POSITIVE_INFINITY ? nowMs : endMs), startPx + LEAST_SPAN_PX);
    context.strokeStyle = palette.selection;
    context.lineWidth = 2;
    const topPx = box.topPx + (spans.row[index] ?? 0) * box.rowPx + 1;
    context.strokeRect(startPx - 1.5, topPx, endPx - startPx + 3, box.rowPx - 2);
  }
}
