import { TONES, toneIndex } from "../../electron/model/tone.ts";
import type { Projection } from "./axis.ts";
import type { MomentLook } from "./moment-looks.ts";
import type { SpanColumns } from "./span-columns.ts";

/** Spans closer than this are merged: they would look like one. */
const MERGE_PX = 2;
export const LEAST_SPAN_PX = 3;

/** Rectangles of one colour, four numbers each: x, width, row, number of spans. */
export type RectBatch = number[];
export const RECT_FIELDS = 4;

/**
 * The rectangles of a lane: visible spans, neighbours merged, grouped by colour. Their number is bounded by the width of
 * the window, for any number of spans. Where spans of different tones share pixels, the tone of higher priority is drawn.
 *
 * @param nowMs end of open spans
 * @param looks by index, in the place of the newest tone
 */
export function mergeSpans(
  spans: SpanColumns,
  scale: Projection,
  nowMs: number,
  looks?: ReadonlyMap<number, MomentLook>,
): Map<number, RectBatch> {
  const batches = new Map<number, RectBatch>();
  const open: (Merged | undefined)[] = [];
  const order = spans.inOrder();
  for (let place = 0; place < spans.length; place++) {
    const index = order === undefined ? place : (order[place] ?? 0);
    const startPx = scale.toPx(spans.startMs[index] ?? 0);
    if (startPx > scale.widthPx) break;
    const endMs = spans.endMs[index] ?? 0;
    const endPx = Math.max(scale.toPx(endMs === Number.POSITIVE_INFINITY ? nowMs : endMs), startPx + LEAST_SPAN_PX);
    if (endPx < 0) continue;
    const row = spans.row[index] ?? 0;
    const look = looks?.get(index);
    const tone = look === undefined ? (spans.tone[index] ?? 0) : toneIndex(look.tone);
    const last = open[row];
    if (last !== undefined && canJoin(last, startPx, endPx, tone)) {
      last.endPx = Math.max(last.endPx, endPx);
      last.tone = Math.max(last.tone, tone);
      last.count++;
      continue;
    }
    if (last !== undefined) close(batches, last, row);
    open[row] = { startPx: Math.max(startPx, -MERGE_PX), endPx, tone, count: 1 };
  }
  for (const [row, last] of open.entries()) if (last !== undefined) close(batches, last, row);
  return batches;
}

interface Merged {
  startPx: number;
  endPx: number;
  tone: number;
  count: number;
}

function canJoin(last: Merged, startPx: number, endPx: number, tone: number): boolean {
  if (startPx - last.endPx >= MERGE_PX) return false;
  if (tone !== last.tone) return endPx - last.startPx < MERGE_PX + LEAST_SPAN_PX;
  const isNarrow = endPx - startPx <= LEAST_SPAN_PX || last.endPx - last.startPx <= LEAST_SPAN_PX;
  return isNarrow || startPx < last.endPx - 1;
}

function close(batches: Map<number, RectBatch>, { startPx, endPx, tone, count }: Merged, row: number): void {
  let batch = batches.get(tone);
  if (batch === undefined) {
    batch = [];
    batches.set(tone, batch);
  }
  batch.push(startPx, endPx - startPx, row, count);
}

/** The narrowest span drawn at a point of a row; -1 when there is none. */
export function spanAt(spans: SpanColumns, scale: Projection, row: number, px: number, nowMs: number): number {
  const SLACK_PX = 3;
  let found = -1;
  let foundPx = Number.POSITIVE_INFINITY;
  for (let index = 0; index < spans.length; index++) {
    if (spans.row[index] !== row) continue;
    const startPx = scale.toPx(spans.startMs[index] ?? 0);
    if (startPx - SLACK_PX > px) continue;
    const endMs = spans.endMs[index] ?? 0;
    const endPx = Math.max(scale.toPx(endMs === Number.POSITIVE_INFINITY ? nowMs : endMs), startPx + LEAST_SPAN_PX);
    if (endPx + SLACK_PX < px || endPx - startPx >= foundPx) continue;
    found = index;
    foundPx = endPx - startPx;
  }
  return found;
}

export function toneName(index: number): (typeof TONES)[number] {
  return TONES[index] ?? "neutral";
}
