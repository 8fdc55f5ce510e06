import { type KeyboardEvent, type MouseEvent, useEffect, useLayoutEffect, useMemo, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { CallSample, FaultStretch } from "../../electron/model/call-statistics.ts";
import { formatDuration } from "../../electron/model/duration.ts";
import { type Axis, projection, type Viewport } from "../timeline/axis.ts";
import { SERIES, type TimelinePalette } from "../timeline/palette.ts";
import { ticks } from "../timeline/ticks.ts";
import { useElementWidth } from "../timeline/use-element-width.ts";
import { usePalette } from "../timeline/use-palette.ts";
import classes from "./latency-plot.module.css";
import { addCross, addMark, shapeOf } from "./marks.ts";

const HEIGHT_PX = 190;
const AXIS_PX = 26;
const NAMES_PX = 20;
const MARK_PX = 3.5;
/** A pointer this close to a call selects it. */
const REACH_PX = 14;
/** The least of a logarithmic axis: what took less, such as 0 ms by a clock of whole milliseconds, is drawn there. */
const LEAST_MS = 0.1;

export interface LatencyPlotProps {
  /** By their start. */
  calls: readonly CallSample[];
  /** In the order of their colours. */
  names: readonly string[];
  stretches: readonly FaultStretch[];
  axis: Axis;
  viewport: Viewport;
  isLogarithmic: boolean;
  cursorMs: number | undefined;
  /** Index of the call that is selected; -1 for none. */
  selected: number;
  label: string;
  sizeScale: number;
  onVisit: (index: number) => void;
}

/** How long each call took, by its start on the axis of the timeline, with the times of the faults behind. */
export function LatencyPlot(props: LatencyPlotProps) {
  const { calls, axis, viewport, isLogarithmic, selected } = props;
  const frame = useRef<HTMLDivElement>(null);
  const gutter = useRef<HTMLSpanElement>(null);
  const plot = useRef<uPlot>(undefined);
  const widthPx = useElementWidth(frame);
  const gutterPx = useElementWidth(gutter);
  const palette = usePalette(frame, props.sizeScale);
  const data = useMemo<uPlot.AlignedData>(() => {
    const least = isLogarithmic ? LEAST_MS : 0;
    return [
      calls.map(({ startMs }) => axis.toUnit(startMs)),
      calls.map(({ durationMs }) => Math.max(durationMs, least)),
    ];
  }, [calls, axis, isLogarithmic]);
  const shown = useRef({ ...props, palette });
  shown.current = { ...props, palette };

  // What uPlot cannot change afterwards makes a new plot; everything else is read from `shown` as it is drawn.
  useLayoutEffect(() => {
    const element = frame.current;
    if (element === null || widthPx === 0 || gutterPx === 0 || palette === undefined) return;
    const made = new uPlot(optionsOf(shown, { widthPx, gutterPx, isLogarithmic, palette }), [[], []], element);
    plot.current = made;
    return () => {
      made.destroy();
      plot.current = undefined;
    };
  }, [widthPx, gutterPx, isLogarithmic, palette]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new plot has no data yet
  useEffect(() => {
    plot.current?.setData(data, true);
  }, [data, viewport, widthPx, gutterPx, isLogarithmic, palette]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: what is drawn from `shown`
  useEffect(() => {
    plot.current?.redraw(false);
  }, [selected, props.cursorMs, props.stretches, props.names]);

  const onKeyDown = (event: KeyboardEvent) => {
    const next = KEYS[event.key]?.(selected, calls.length);
    if (next === undefined || calls.length === 0) return;
    event.preventDefault();
    event.stopPropagation();
    props.onVisit(Math.min(Math.max(next, 0), calls.length - 1));
  };
  const onClick = (event: MouseEvent) => {
    const nearest = nearestTo(plot.current, data, event);
    if (nearest >= 0) props.onVisit(nearest);
  };
  const call = calls[selected];
  return (
    <div
      ref={frame}
      className={classes.plot}
      role="slider"
      tabIndex={0}
      aria-label={props.label}
      aria-valuemin={calls.length === 0 ? 0 : 1}
      aria-valuemax={calls.length}
      aria-valuenow={selected + 1}
      aria-valuetext={call === undefined ? `none of ${calls.length} calls` : describeCall(call)}
      onKeyDown={onKeyDown}
      onClick={onClick}
    >
      <span ref={gutter} className={classes.gutter} />
    </div>
  );
}

/** From none, any key goes to the first call, or to the last. */
const KEYS: Record<string, (at: number, count: number) => number> = {
  ArrowRight: (at) => at + 1,
  ArrowLeft: (at, count) => (at < 0 ? count - 1 : at - 1),
  Home: () => 0,
  End: (_, count) => count - 1,
};

export function describeCall({ name, durationMs, startMs, status, period }: CallSample): string {
  return `${name} at ${formatDuration(startMs)}: ${formatDuration(durationMs)}, ${status}, ${PERIOD_TEXTS[period]}`;
}

export const PERIOD_TEXTS = {
  before: "before the fault",
  during: "during the fault",
  after: "after the fault",
} as const satisfies Record<CallSample["period"], string>;

interface Shown extends LatencyPlotProps {
  palette: TimelinePalette | undefined;
}

function optionsOf(
  shown: { current: Shown },
  {
    widthPx,
    gutterPx,
    isLogarithmic,
    palette,
  }: { widthPx: number; gutterPx: number; isLogarithmic: boolean; palette: TimelinePalette },
): uPlot.Options {
  const marks = () => {
    const { axis, viewport } = shown.current;
    return ticks(axis, viewport, projection(axis, viewport, Math.max(widthPx - gutterPx, 1)));
  };
  const { font, textSoft: stroke, grid } = palette;
  return {
    width: widthPx,
    height: HEIGHT_PX,
    // The right edge is that of the timeline; the names of the faults stand above the calls.
    padding: [NAMES_PX, 0, 0, 0],
    legend: { show: false },
    cursor: { show: false },
    scales: {
      x: { time: false, range: () => [shown.current.viewport.startUnit, shown.current.viewport.endUnit] },
      y: isLogarithmic ? { distr: 3, range: (_, __, most) => [LEAST_MS, upToPower(most)] } : { range: fromZero },
    },
    axes: [
      {
        size: AXIS_PX,
        font,
        stroke,
        grid: { stroke: grid, width: 1 },
        ticks: { show: false },
        splits: () => marks().map(({ ms }) => shown.current.axis.toUnit(ms)),
        values: () => marks().map(({ label }) => label),
      },
      {
        size: gutterPx,
        font,
        stroke,
        grid: { stroke: grid, width: 1 },
        ticks: { show: false },
        values: (_, splits) =>
          splits.map((ms) => (!isLogarithmic || isPowerOfTen(ms) ? formatDuration(Math.round(ms * 10) / 10) : "")),
      },
    ],
    series: [{}, { paths: () => null, points: { show: false } }],
    hooks: {
      drawClear: [(plot) => paintStretches(plot, shown.current)],
      draw: [(plot) => paintCalls(plot, shown.current)],
    },
  };
}

function fromZero(_: uPlot, __: number, most: number | null): uPlot.Range.MinMax {
  return [0, Math.max((most ?? 1) * 1.08, 1)];
}

function upToPower(most: number | null): number {
  return 10 ** Math.ceil(Math.log10(Math.max(most ?? 1, 1)) + 0.01);
}

function isPowerOfTen(value: number): boolean {
  return Math.abs(Math.log10(value) - Math.round(Math.log10(value))) < 1e-6;
}

function paintStretches(plot: uPlot, { stretches, axis, palette }: Shown): void {
  if (palette === undefined) return;
  const { ctx: context, bbox } = plot;
  context.save();
  context.beginPath();
  context.rect(bbox.left, 0, bbox.width, bbox.top + bbox.height);
  context.clip();
  const band = (fromMs: number, toMs: number, fill: string) => {
    const [from, to] = [fromMs, toMs].map((ms) => plot.valToPos(axis.toUnit(ms), "x", true)) as [number, number];
    context.fillStyle = fill;
    context.fillRect(from, bbox.top, Math.max(to - from, 1), bbox.height);
    return [from, to] as const;
  };
  for (const segment of axis.segments) if (segment.isIdle) band(segment.startMs, segment.endMs, palette.idle);
  for (const { fromMs, toMs, faults } of stretches) {
    const [from, to] = band(fromMs, toMs, palette.soft.fault);
    context.fillStyle = palette.solid.fault;
    context.fillRect(from, bbox.top, 1, bbox.height);
    context.fillRect(to - 1, bbox.top, 1, bbox.height);
    context.font = scaledFont(palette.font);
    context.textBaseline = "bottom";
    context.textAlign = "left";
    context.fillText(faults.join(", "), Math.max(from, bbox.left), bbox.top - 3 * uPlot.pxRatio);
  }
  context.restore();
}

function paintCalls(plot: uPlot, { calls, names, palette, selected, cursorMs, axis }: Shown): void {
  const [xs, ys] = plot.data as unknown as [number[], number[]];
  if (palette === undefined || xs === undefined || xs.length !== calls.length) return;
  const { ctx: context, bbox } = plot;
  const radius = MARK_PX * uPlot.pxRatio;
  const seriesOf = new Map(names.map((name, at) => [name, at]));
  const [marks, crosses] = [names.map(() => new Path2D()), new Path2D()];
  const at = (index: number) =>
    [plot.valToPos(xs[index] ?? 0, "x", true), plot.valToPos(ys[index] ?? 0, "y", true)] as const;
  for (const [index, { name, isError }] of calls.entries()) {
    const [x, y] = at(index);
    if (x < bbox.left - radius || x > bbox.left + bbox.width + radius) continue;
    const series = seriesOf.get(name) ?? 0;
    const path = marks[series];
    if (isError) addCross(crosses, x, y, radius * 1.3);
    else if (path !== undefined) addMark(path, shapeOf(series), x, y, radius);
  }
  context.save();
  context.beginPath();
  context.rect(bbox.left - radius, 0, bbox.width + 2 * radius, bbox.top + bbox.height + radius);
  context.clip();
  for (const [series, path] of marks.entries()) {
    context.fillStyle = palette.series[series % SERIES] ?? palette.text;
    context.fill(path);
  }
  context.strokeStyle = palette.solid.failed;
  context.lineWidth = 2 * uPlot.pxRatio;
  context.stroke(crosses);
  if (cursorMs !== undefined) {
    context.fillStyle = palette.selection;
    context.fillRect(plot.valToPos(axis.toUnit(cursorMs), "x", true), bbox.top, uPlot.pxRatio, bbox.height);
  }
  if (calls[selected] !== undefined) {
    const [x, y] = at(selected);
    context.beginPath();
    context.arc(x, y, radius * 2.2, 0, 2 * Math.PI);
    context.strokeStyle = palette.selection;
    context.stroke();
  }
  context.restore();
}

/** A canvas has device pixels, and the palette's font CSS pixels. */
function scaledFont(font: string): string {
  return font.replace(/^(\d+)px/, (_, px: string) => `${Number(px) * uPlot.pxRatio}px`);
}

function nearestTo(plot: uPlot | undefined, [xs, ys]: uPlot.AlignedData, event: MouseEvent): number {
  if (plot === undefined || xs === undefined || ys === undefined) return -1;
  const box = plot.over.getBoundingClientRect();
  const [px, py] = [event.clientX - box.left, event.clientY - box.top];
  let nearest = -1;
  let least = REACH_PX ** 2;
  for (let index = 0; index < xs.length; index++) {
    const dx = plot.valToPos(xs[index] ?? 0, "x") - px;
    const dy = plot.valToPos(ys[index] ?? 0, "y") - py;
    const distance = dx * dx + dy * dy;
    if (distance <= least) [nearest, least] = [index, distance];
  }
  return nearest;
}
