import type { Projection } from "../timeline/axis.ts";

const LEAST_BAR_PX = 2;
const GAP_PX = 6;
/** Of the words beside a bar, at their size. */
const CHARACTER_PX = 7;

/** Where a bar is drawn, and what is said of it; in pixels from the left of the plot. */
export interface BarPlace {
  leftPx: number;
  widthPx: number;
  /** Over the bar where neither side has the space for them. */
  words: { at: "after" | "before" | "over"; style?: { left: number } | { right: number } };
}

/**
 * Bars are cut where the plot ends, so that nothing has to be clipped while rows are scrolled.
 * @param characters of what is said of the bar
 * @returns undefined for a bar outside of the zoomed period
 */
export function placeBar(
  { start, end }: { start: number; end: number },
  { toPx, widthPx: plotPx }: Pick<Projection, "toPx" | "widthPx">,
  characters: number,
): BarPlace | undefined {
  const [startPx, endPx] = [toPx(start), toPx(end)];
  if (endPx < 0 || startPx > plotPx) return undefined;
  const leftPx = Math.max(0, Math.min(startPx, plotPx - LEAST_BAR_PX));
  const widthPx = Math.max(LEAST_BAR_PX, Math.min(endPx, plotPx) - leftPx);
  const wordsPx = characters * CHARACTER_PX + GAP_PX;
  if (leftPx + widthPx + GAP_PX + wordsPx <= plotPx) return { leftPx, widthPx, words: { at: "after" } };
  const isBefore = wordsPx <= leftPx;
  const style = isBefore
    ? { right: plotPx - leftPx + GAP_PX }
    : { left: Math.max(0, Math.min(leftPx, plotPx - wordsPx)) + GAP_PX };
  return { leftPx, widthPx, words: { at: isBefore ? "before" : "over", style } };
}
