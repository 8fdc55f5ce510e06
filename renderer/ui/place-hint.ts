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

const POSITIONS = ["top", "bottom", "top-end", "top-start", "bottom-end", "bottom-start", "left", "right"] as const;
export type HintPosition = (typeof POSITIONS)[number];

/** Between a control and its hint, arrow included. */
const GAP_PX = 7;
/** Between a hint and the edge of the window. */
const EDGE_PX = 8;

/** Where a hint of this size covers the least of the other controls; the first of equally good positions. */
export function placeHint(anchor: Box, hint: Size, obstacles: readonly Box[], window: Size): HintPosition {
  let best: { position: HintPosition; coveredPx: number } = { position: "top", coveredPx: Number.POSITIVE_INFINITY };
  for (const position of POSITIONS) {
    const box = boxAt(position, anchor, hint, window);
    if (box.top < 0 || box.left < 0 || box.bottom > window.height || box.right > window.width) continue;
    const coveredPx = obstacles.reduce((sum, obstacle) => sum + overlapPx(box, obstacle), 0);
    if (coveredPx < best.coveredPx) best = { position, coveredPx };
  }
  return best.position;
}

function boxAt(position: HintPosition, anchor: Box, { width, height }: Size, window: Size): Box {
  const [side, end] = position.split("-");
  const isBeside = side === "left" || side === "right";
  if (isBeside) {
    const left = side === "left" ? anchor.left - GAP_PX - width : anchor.right + GAP_PX;
    const top = inside((anchor.top + anchor.bottom - height) / 2, height, window.height);
    return { left, top, right: left + width, bottom: top + height };
  }
  const wanted = {
    start: anchor.left,
    end: anchor.right - width,
    middle: (anchor.left + anchor.right - width) / 2,
  }[end ?? "middle"];
  const left = inside(wanted ?? anchor.left, width, window.width);
  const top = side === "top" ? anchor.top - GAP_PX - height : anchor.bottom + GAP_PX;
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
