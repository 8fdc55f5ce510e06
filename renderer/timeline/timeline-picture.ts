import { type Picture, paint } from "./lane-painter.ts";
import { SvgContext, svgFile, textsOf } from "./svg-context.ts";

interface Parts {
  /** The axis above the lanes. */
  strip: HTMLElement;
  /** The titles beside them. */
  gutter: HTMLElement;
  plot: HTMLElement;
}

/** The lanes with their axis and titles as an SVG file. @param context measures texts; nothing is drawn with it */
export function timelineSvg(
  { strip, gutter, plot }: Parts,
  { context, picture, noteMs }: { context: CanvasRenderingContext2D; picture: Picture; noteMs: readonly number[] },
): string {
  const lanes = new SvgContext(context);
  context.save();
  paint(lanes, picture);
  context.restore();
  const { scale, heightPx, cursorMs, palette } = picture;
  const [axisPx, gutterPx] = [strip.offsetHeight, gutter.offsetWidth];
  const height = axisPx + heightPx;
  const cursorPx = cursorMs === undefined ? -1 : scale.toPx(cursorMs);
  const isCursorShown = cursorPx >= 0 && cursorPx <= scale.widthPx;
  const cursor = `<rect x="${cursorPx - 1}" y="${axisPx - 6}" width="2" height="${heightPx + 6}" fill="${palette.selection}"/>`;
  const notes = noteMs.map((ms) => `<path d="M${scale.toPx(ms) - 5} 0h10l-5 10z" fill="${palette.solid.waiting}"/>`);
  const bounds = (element: Element) => element.getBoundingClientRect();
  return svgFile(
    { width: gutterPx + scale.widthPx, height },
    getComputedStyle(plot.closest("section") ?? plot).backgroundColor,
    [
      `<clipPath id="lanes"><rect width="${scale.widthPx}" height="${height}"/></clipPath>`,
      `<g transform="translate(0 ${axisPx})">${textsOf(gutter, bounds(gutter)).join("")}</g>`,
      `<g transform="translate(${gutterPx} 0)" clip-path="url(#lanes)">`,
      ...textsOf(strip, bounds(strip)),
      `<g transform="translate(0 ${axisPx})">${lanes.elements.join("")}</g>`,
      ...notes,
      isCursorShown ? cursor : "",
      "</g>",
    ],
  );
}
