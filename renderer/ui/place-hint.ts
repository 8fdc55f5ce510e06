/** In pixels of the window. */
export interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

interface Size {
  width: number;
  height: number;
}

const SIDES = ["top", "bottom", "top-end", "top-start", "bottom-end", "bottom-start", "left", "right"] as const;
export interface HintPlace {
  side: (typeof SIDES)[number];
  /** Between the control and its hint, arrow included. */
  gapPx: number;
}

const GAP_PX = 7;
/** Farther away a hint no longer seems to belong to its control. */
const WIDEST_GAP_PX = 170;
const STEP_PX = 8;
/** Between a hint and the edge of the window. */
const EDGE_PX = 8;

/** Covering one of them counts as much as covering this many others. */
const WEIGHT_OF_KEPT = 1_000;

/**
 * Where a hint of this size covers no other control, as near as that is; else where it covers the least.
 *
 * @param kept controls that are to stay visible in any case, besides those in the same row as the hint's own
 */
export function placeHint(
  anchor: Box,
  hint: Size,
  obstacles: readonly Box[],
  window: Size,
  kept: readonly Box[] = [],
): HintPlace {
  const row = obstacles.filter(({ top, bottom }) => top < anchor.bottom && bottom > anchor.top);
  const coveredBy = (box: Box, some: readonly Box[]) => some.reduce((sum, each) => sum + overlapPx(box, each), 0);
  let best: HintPlace = { side: "top", gapPx: GAP_PX };
  let leastPx = Number.POSITIVE_INFINITY;
  for (let gapPx = GAP_PX; gapPx <= WIDEST_GAP_PX && leastPx > 0; gapPx += STEP_PX) {
    for (const side of SIDES) {
      const box = boxAt({ side, gapPx }, anchor, hint, window);
      if (box.top < 0 || box.left < 0 || box.bottom > window.height || box.right > window.width) continue;
      const coveredPx = coveredBy(box, obstacles) + WEIGHT_OF_KEPT * coveredBy(box, [...row, ...kept]);
      if (coveredPx >= leastPx) continue;
      best = { side, gapPx };
      leastPx = coveredPx;
    }
  }
  return best;
}

function boxAt(place: HintPlace, anchor: Box, { width, height }: Size, window: Size): Box {
  const { gapPx } = place;
  const [side, end] = place.side.split("-");
  const isBeside = side === "left" || side === "right";
  if (isBeside) {
    const left = side === "left" ? anchor.left - gapPx - width : anchor.right + gapPx;
    const top = inside((anchor.top + anchor.bottom - height) / 2, height, window.height);
    return { left, top, right: left + width, bottom: top + height };
  }
  const wanted = {
    start: anchor.left,
    end: anchor.right - width,
    middle: (anchor.left + anchor.right - width) / 2,
  }[end ?? "middle"];
  const left = inside(wanted ?? anchor.left, width, window.width);
  const top = side === "top" ? anchor.top - gapPx - height : anchor.bottom + gapPx;
  return { left, top, right: left + width, bottom: top + height };
}

function inside(start: number, size: number, limit: number): number {
  return Math.max(EDGE_PX, Math.min(start, limit - EDGE_PX - size));
}

function overlapPx(a: Box, b: Box): number {
  const width = Math.min(a.right, b.right) - Math.max(a.left, b.left);
  const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
  return width > 0 && height > 0 ? width * height : 0;
}
