/**
 * The time axis. Run time (`Ms`) is mapped to axis units, which are milliseconds too, except that long idle periods take
 * a fixed small width. A viewport is a range of units; pixels follow from it.
 */

export interface IdleGap {
  startMs: number;
  endMs: number;
}

interface Segment {
  startMs: number;
  endMs: number;
  startUnit: number;
  endUnit: number;
  isIdle: boolean;
}

export interface Viewport {
  startUnit: number;
  endUnit: number;
}

/** The zoomed period in run time, independent of how much of the axis is collapsed. */
export interface Stretch {
  startMs: number;
  endMs: number;
}

export class Axis {
  readonly durationMs: number;
  readonly endUnit: number;
  readonly segments: readonly Segment[];

  /** @param gaps disjoint, by start, within 0..durationMs; empty for a plain axis */
  constructor(durationMs: number, gaps: readonly IdleGap[], gapUnits: number) {
    this.durationMs = Math.max(durationMs, 1);
    const segments: Segment[] = [];
    let atMs = 0;
    let atUnit = 0;
    const extend = (toMs: number, units: number, isIdle: boolean) => {
      segments.push({ startMs: atMs, endMs: toMs, startUnit: atUnit, endUnit: atUnit + units, isIdle });
      atMs = toMs;
      atUnit += units;
    };
    for (const gap of gaps) {
      if (gap.startMs > atMs) extend(gap.startMs, gap.startMs - atMs, false);
      extend(gap.endMs, Math.min(gapUnits, gap.endMs - gap.startMs), true);
    }
    if (atMs < this.durationMs) extend(this.durationMs, this.durationMs - atMs, false);
    this.segments = segments;
    this.endUnit = atUnit;
  }

  toUnit(ms: number): number {
    const segment = this.#find((each) => ms < each.endMs);
    return segment.startUnit + (ms - segment.startMs) * slope(segment);
  }

  toMs(unit: number): number {
    const segment = this.#find((each) => unit < each.endUnit);
    return segment.startMs + (unit - segment.startUnit) / slope(segment);
  }

  /** Linear search: a run has few idle gaps. */
  #find(isIn: (segment: Segment) => boolean): Segment {
    const segments = this.segments;
    for (const segment of segments) if (isIn(segment)) return segment;
    return segments[segments.length - 1] as Segment;
  }
}

function slope(segment: Segment): number {
  return (segment.endUnit - segment.startUnit) / (segment.endMs - segment.startMs);
}

/** Mapping between run time and pixels, for one viewport and width. */
export interface Projection {
  toPx(ms: number): number;
  toMs(px: number): number;
  widthPx: number;
}

export function projection(axis: Axis, viewport: Viewport, widthPx: number): Projection {
  const perUnit = widthPx / Math.max(viewport.endUnit - viewport.startUnit, 1e-9);
  return {
    widthPx,
    toPx: (ms) => (axis.toUnit(ms) - viewport.startUnit) * perUnit,
    toMs: (px) => axis.toMs(viewport.startUnit + px / perUnit),
  };
}

/** Maximum zoom: half a millisecond across the window still separates two events. */
const MIN_UNITS = 0.5;

export function wholeRun(axis: Axis): Viewport {
  return { startUnit: 0, endUnit: axis.endUnit };
}

export function stretchOf({ startUnit, endUnit }: Viewport, axis: Axis): Stretch {
  return { startMs: axis.toMs(startUnit), endMs: axis.toMs(endUnit) };
}

export function viewportOf({ startMs, endMs }: Stretch, axis: Axis): Viewport {
  return { startUnit: axis.toUnit(startMs), endUnit: axis.toUnit(endMs) };
}

/** @param factor below 1 zooms in. The unit under the pointer stays under the pointer. */
export function zoom(viewport: Viewport, factor: number, anchorUnit: number, axis: Axis): Viewport {
  const size = viewport.endUnit - viewport.startUnit;
  const wanted = Math.min(Math.max(size * factor, MIN_UNITS), axis.endUnit);
  const startUnit = anchorUnit - ((anchorUnit - viewport.startUnit) / size) * wanted;
  return keepInside({ startUnit, endUnit: startUnit + wanted }, axis);
}

export function pan(viewport: Viewport, units: number, axis: Axis): Viewport {
  return keepInside({ startUnit: viewport.startUnit + units, endUnit: viewport.endUnit + units }, axis);
}

/** The viewport that shows a period of run time, with a margin on both sides. */
export function around(startMs: number, endMs: number, axis: Axis): Viewport {
  const [startUnit, endUnit] = [axis.toUnit(Math.min(startMs, endMs)), axis.toUnit(Math.max(startMs, endMs))];
  const air = Math.max((endUnit - startUnit) * 0.04, MIN_UNITS / 2);
  return keepInside({ startUnit: startUnit - air, endUnit: endUnit + air }, axis);
}

export function keepInside(viewport: Viewport, axis: Axis): Viewport {
  const size = Math.min(viewport.endUnit - viewport.startUnit, axis.endUnit);
  const startUnit = Math.min(Math.max(viewport.startUnit, 0), axis.endUnit - size);
  return { startUnit, endUnit: startUnit + size };
}
