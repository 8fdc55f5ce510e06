import {
  type KeyboardEvent,
  type ReactNode,
  type RefObject,
  useEffect,
  useImperativeHandle,
  useMemo,
  useRef,
  useState,
} from "react";
import type { RunNote } from "../../electron/model/annotations.ts";
import { formatDuration } from "../../electron/model/duration.ts";
import type { LaneKind } from "../../electron/model/lanes.ts";
import { type Axis, pan, projection, type Viewport, wholeRun, zoom } from "./axis.ts";
import { type Lane, labelText } from "./lane.ts";
import { boxAt, layOut } from "./lane-layout.ts";
import { type Picture, paint } from "./lane-painter.ts";
import { spanAt } from "./level-of-detail.ts";
import type { MomentLook, MomentLooks } from "./moment-looks.ts";
import { ticks } from "./ticks.ts";
import classes from "./timeline.module.css";
import type { TimelineModel } from "./timeline-model.ts";
import { timelineSvg } from "./timeline-picture.ts";
import { useElementWidth } from "./use-element-width.ts";
import { useGestures } from "./use-gestures.ts";
import { usePalette } from "./use-palette.ts";

interface TimelineViewProps {
  model: TimelineModel;
  /** Changes when the model has grown. */
  version: number;
  axis: Axis;
  nowMs: number;
  viewport: Viewport | undefined;
  cursorMs: number | undefined;
  /** Of the moment shown; undefined at the end. */
  looks: MomentLooks | undefined;
  selectedSeq: number | undefined;
  hiddenLanes: ReadonlySet<LaneKind>;
  /** Drawn on the axis at their moments; those without a moment are not. */
  notes?: readonly RunNote[];
  label: string;
  /** Scale of rows and font, above 1 in presenter mode. */
  sizeScale: number;
  onViewport(viewport: Viewport | undefined): void;
  onCursor(ms: number | undefined): void;
  onSelect(seq: number | undefined): void;
  /** Set to what makes an SVG file of the lanes as they are shown, all of their height. */
  picture?: RefObject<(() => string | undefined) | undefined>;
  /** Shown in the corner above the lane titles. */
  corner?: ReactNode;
}

/** The lanes of a run on one time axis, on a canvas: the number of elements does not depend on the run. */
export function TimelineView(props: TimelineViewProps) {
  const { model, version, axis, nowMs, cursorMs, looks, hiddenLanes } = props;
  const selectedSeq = props.selectedSeq === undefined ? undefined : model.spanSeq(props.selectedSeq);
  const plot = useRef<HTMLDivElement>(null);
  const strip = useRef<HTMLDivElement>(null);
  const titles = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const widthPx = useElementWidth(plot);
  const palette = usePalette(plot, props.sizeScale);
  const viewport = props.viewport ?? wholeRun(axis);
  const scale = useMemo(() => projection(axis, viewport, Math.max(widthPx, 1)), [axis, viewport, widthPx]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the model grows in place; its version changes
  const { boxes, heightPx } = useMemo(
    () => layOut(model, hiddenLanes, props.sizeScale),
    [model, version, hiddenLanes, props.sizeScale],
  );
  const marks = useMemo(() => ticks(axis, viewport, scale), [axis, viewport, scale]);
  const [hover, setHover] = useState<{ px: number; py: number }>();

  const hit = (px: number, py: number) => {
    const place = boxAt(boxes, py);
    if (place === undefined) return undefined;
    const { spans } = model.lanes[place.box.kind];
    const index = spanAt(spans, scale, place.row, px, nowMs);
    return index < 0 ? undefined : { lane: model.lanes[place.box.kind], index, seq: spans.seq[index] };
  };

  const brush = useGestures(plot, strip, {
    axis,
    viewport,
    scale,
    onViewport: props.onViewport,
    onScrub: props.onCursor,
    remember: () => {
      const { selectedSeq: selected } = props;
      return () => {
        props.onSelect(selected);
        props.onCursor(cursorMs);
      };
    },
    onClick: (px, py) => {
      const found = hit(px, py);
      props.onSelect(found?.seq);
      if (found === undefined) props.onCursor(Math.min(Math.max(scale.toMs(px), 0), axis.durationMs));
    },
  });

  const { sizeScale } = props;
  const picture = useMemo(
    (): Picture | undefined =>
      palette && {
        model,
        axis,
        viewport,
        scale,
        boxes,
        heightPx,
        palette,
        nowMs,
        cursorMs,
        looks,
        selectedSeq,
        tickPx: marks.map(({ px }) => px),
        // In large type most texts would be cut.
        shortensLabels: sizeScale === 1,
      },
    [model, axis, viewport, scale, boxes, heightPx, palette, nowMs, cursorMs, looks, selectedSeq, marks, sizeScale],
  );

  // biome-ignore lint/correctness/useExhaustiveDependencies: the model grows in place; its version changes
  useEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (context == null || picture === undefined || widthPx === 0) return;
    const frame = requestAnimationFrame(() => {
      const ratio = window.devicePixelRatio || 1;
      const element = context.canvas;
      const [width, height] = [Math.round(widthPx * ratio), Math.round(heightPx * ratio)];
      if (element.width !== width || element.height !== height) {
        element.width = width;
        element.height = height;
      }
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      paint(context, picture);
    });
    return () => cancelAnimationFrame(frame);
  }, [picture, version, heightPx, widthPx]);

  useImperativeHandle(props.picture, () => () => {
    const [context, top, gutter, body] = [
      canvas.current?.getContext("2d"),
      strip.current,
      titles.current,
      plot.current,
    ];
    if (context == null || top === null || gutter === null || body === null || picture === undefined) return;
    const noteMs = (props.notes ?? []).flatMap(({ atMs }) => atMs ?? []);
    return timelineSvg({ strip: top, gutter, plot: body }, { context, picture, noteMs });
  });

  const shownMs = cursorMs ?? nowMs;
  const cursorPx = scale.toPx(shownMs);
  const found = hover === undefined || brush !== undefined ? undefined : hit(hover.px, hover.py);

  return (
    <div className={classes.timeline}>
      <div className={classes.header}>
        <div className={classes.corner}>{props.corner}</div>
        <div ref={strip} className={classes.axis} style={{ width: widthPx }} data-testid="time-axis">
          {marks.map(({ ms, px, label }) => (
            <span key={ms} className={classes.tick} style={{ transform: `translateX(${px}px)` }}>
              {label}
            </span>
          ))}
          {axis.segments.map((segment) => {
            if (!segment.isIdle) return null;
            const startPx = scale.toPx(segment.startMs);
            const endPx = scale.toPx(segment.endMs);
            if (endPx < 0 || startPx > widthPx || endPx - startPx < 30) return null;
            return (
              <span
                key={segment.startMs}
                className={classes.idle}
                style={{ transform: `translateX(${startPx}px)`, width: endPx - startPx }}
                title={`${formatDuration(segment.endMs - segment.startMs)} idle`}
              >
                {formatDuration(segment.endMs - segment.startMs)}
              </span>
            );
          })}
          {(props.notes ?? []).map(({ id, atMs, text }) => {
            if (atMs === null) return null;
            const px = scale.toPx(atMs);
            if (px < 0 || px > widthPx) return null;
            const title = `Note at ${formatDuration(atMs)}: ${text}`;
            return (
              <span
                key={id}
                className={classes.note}
                role="img"
                aria-label={title}
                title={title}
                style={{ transform: `translateX(${px}px)` }}
              />
            );
          })}
          {cursorMs !== undefined && cursorPx >= 0 && cursorPx <= widthPx && (
            <span className={classes.handle} style={{ transform: `translateX(${cursorPx}px)` }} />
          )}
        </div>
      </div>
      <div className={classes.body}>
        <div ref={titles} className={classes.gutter} style={{ height: heightPx }}>
          {boxes.map(({ kind, topPx, rowPx, rows }) => {
            const lane = model.lanes[kind];
            if (lane.rowTitles.length === 0) {
              return (
                <span
                  key={kind}
                  className={classes.laneTitle}
                  style={{ top: topPx, height: rowPx, lineHeight: `${rowPx}px` }}
                >
                  {lane.title}
                </span>
              );
            }
            return lane.rowTitles.slice(0, rows).map((title, row) => (
              <span
                key={`${kind} ${title}`}
                className={classes.laneTitle}
                data-small={kind === "logs" || undefined}
                style={{ top: topPx + row * rowPx, height: rowPx, lineHeight: `${rowPx}px` }}
              >
                <b>{row === 0 ? lane.title : ""}</b>
                <i>{title}</i>
              </span>
            ));
          })}
        </div>
        <div
          ref={plot}
          className={classes.plot}
          style={{ height: heightPx }}
          role="slider"
          tabIndex={0}
          aria-label={props.label}
          aria-valuemin={0}
          aria-valuemax={Math.round(axis.durationMs)}
          aria-valuenow={Math.round(shownMs)}
          aria-valuetext={`${formatDuration(shownMs)} of ${formatDuration(axis.durationMs)}`}
          data-testid="timeline"
          onKeyDown={(event) => handleKey(event, { ...props, viewport, shownMs })}
          onPointerMove={(event) => {
            const place = event.currentTarget.getBoundingClientRect();
            setHover({ px: event.clientX - place.left, py: event.clientY - place.top });
          }}
          onPointerLeave={() => setHover(undefined)}
        >
          <canvas ref={canvas} className={classes.canvas} style={{ width: widthPx, height: heightPx }} />
          {brush !== undefined && (
            <div
              className={classes.brush}
              style={{ transform: `translateX(${brush.fromPx}px)`, width: brush.toPx - brush.fromPx }}
            >
              <span>{formatDuration(scale.toMs(brush.toPx) - scale.toMs(brush.fromPx))}</span>
            </div>
          )}
          {cursorMs !== undefined && cursorPx >= 0 && cursorPx <= widthPx && (
            <div className={classes.cursor} style={{ transform: `translateX(${cursorPx}px)` }} />
          )}
          {hover !== undefined && brush === undefined && (
            <div className={classes.hairline} style={{ transform: `translateX(${hover.px}px)` }}>
              <span data-side={hover.px > widthPx - 90 ? "left" : "right"}>{formatDuration(scale.toMs(hover.px))}</span>
            </div>
          )}
          {hover !== undefined && found !== undefined && (
            <div
              className={classes.tooltip}
              style={{
                left: Math.min(hover.px + 12, Math.max(0, widthPx - 340)),
                top: hover.py + 130 > heightPx ? undefined : hover.py + 18,
                bottom: hover.py + 130 > heightPx ? heightPx - hover.py + 10 : undefined,
              }}
            >
              <SpanSummary lane={found.lane} index={found.index} look={looks?.get(found.lane.kind)?.get(found.index)} />
            </div>
          )}
        </div>
      </div>
    </div>
  );
}

function SpanSummary({ lane, index, look }: { lane: Lane; index: number; look: MomentLook | undefined }) {
  const endMs = look === undefined ? lane.spans.endAt(index) : Number.POSITIVE_INFINITY;
  return (
    <>
      <strong>{labelText(look?.label ?? lane.label(index)) || lane.title}</strong>
      <span>{spanTime(lane.spans.startAt(index), endMs)}</span>
    </>
  );
}

function spanTime(startMs: number, endMs: number): string {
  const from = `at ${formatDuration(startMs)}`;
  if (endMs === Number.POSITIVE_INFINITY) return `${from}, in progress`;
  return endMs - startMs < 0.5 ? from : `${from}, for ${formatDuration(endMs - startMs)}`;
}

interface KeyTarget extends Pick<TimelineViewProps, "model" | "axis" | "onViewport" | "onCursor"> {
  viewport: Viewport;
  shownMs: number;
}

/** Keys of the timeline; those of the page are in the table of shortcuts. */
function handleKey(event: KeyboardEvent, { model, axis, viewport, shownMs, onViewport, onCursor }: KeyTarget): void {
  if (event.metaKey || event.ctrlKey || event.altKey) return;
  const size = viewport.endUnit - viewport.startUnit;
  const anchor = axis.toUnit(shownMs);
  const actions: Record<string, () => void> = {
    ArrowLeft: () => (event.shiftKey ? onViewport(pan(viewport, -size / 8, axis)) : onCursor(before(model, shownMs))),
    ArrowRight: () => (event.shiftKey ? onViewport(pan(viewport, size / 8, axis)) : onCursor(after(model, shownMs))),
    PageUp: () => onViewport(pan(viewport, -size, axis)),
    PageDown: () => onViewport(pan(viewport, size, axis)),
    Home: () => onCursor(0),
    End: () => onCursor(undefined),
    "+": () => onViewport(zoom(viewport, 1 / 1.5, anchor, axis)),
    "=": () => onViewport(zoom(viewport, 1 / 1.5, anchor, axis)),
    "-": () => onViewport(zoom(viewport, 1.5, anchor, axis)),
    "0": () => onViewport(undefined),
  };
  const action = actions[event.key];
  if (action === undefined) return;
  event.preventDefault();
  event.stopPropagation();
  action();
}

/** Instants closer than this count as one moment. */
const SAME_MOMENT_MS = 0.01;

function before(model: TimelineModel, ms: number): number {
  return model.instantsMs.findLast((instant) => instant < ms - SAME_MOMENT_MS) ?? 0;
}

function after(model: TimelineModel, ms: number): number | undefined {
  return model.instantsMs.find((instant) => instant > ms + SAME_MOMENT_MS);
}
