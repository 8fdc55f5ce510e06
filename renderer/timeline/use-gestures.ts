import { type RefObject, useEffect, useRef, useState } from "react";
import { type Axis, around, keepInside, type Projection, pan, type Viewport, zoom } from "./axis.ts";

const DRAG_PX = 4;
const WHEEL_FACTOR = 1.0016;

export interface GestureTarget {
  axis: Axis;
  viewport: Viewport;
  scale: Projection;
  onViewport(viewport: Viewport | undefined): void;
  /** A press that was not a drag. */
  onClick(px: number, py: number): void;
  onScrub(ms: number): void;
  /** Remembers what is shown and selected; called before each press. The result restores it. */
  remember(): () => void;
}

/** The period being dragged, in pixels. */
export interface Brush {
  fromPx: number;
  toPx: number;
}

/**
 * Drag zooms to the dragged period; with Shift or the middle button it pans; on the axis it scrubs. The wheel zooms at the
 * pointer and pans horizontally. A double click, on the axis too, shows the whole run, and changes nothing else.
 */
export function useGestures(
  plot: RefObject<HTMLElement | null>,
  axisStrip: RefObject<HTMLElement | null>,
  target: GestureTarget,
): Brush | undefined {
  const [brush, setBrush] = useState<Brush>();
  const latest = useRef(target);
  latest.current = target;

  useEffect(() => {
    const element = plot.current;
    if (element === null) return;
    const stop = new AbortController();
    const { signal } = stop;
    const xOf = (event: MouseEvent) => event.clientX - element.getBoundingClientRect().left;
    showWholeOnDoubleClick(element, latest, signal);

    element.addEventListener(
      "wheel",
      (event) => {
        event.preventDefault();
        const { axis, viewport, scale, onViewport } = latest.current;
        const perPx = (viewport.endUnit - viewport.startUnit) / scale.widthPx;
        const sideways = event.shiftKey ? event.deltaY : event.deltaX;
        if (Math.abs(sideways) > Math.abs(event.shiftKey ? 0 : event.deltaY)) {
          onViewport(pan(viewport, sideways * perPx, axis));
          return;
        }
        const anchor = viewport.startUnit + xOf(event) * perPx;
        const next = zoom(viewport, WHEEL_FACTOR ** (event.deltaY * (event.deltaMode === 1 ? 16 : 1)), anchor, axis);
        onViewport(next.endUnit - next.startUnit >= axis.endUnit * 0.999 ? undefined : next);
      },
      { passive: false, signal },
    );

    element.addEventListener(
      "pointerdown",
      (down) => {
        if (down.button > 1) return;
        const { viewport, axis } = latest.current;
        const fromPx = xOf(down);
        const isPan = down.button === 1 || down.shiftKey;
        const perPx = (viewport.endUnit - viewport.startUnit) / latest.current.scale.widthPx;
        let isDrag = false;
        element.setPointerCapture(down.pointerId);
        const gesture = new AbortController();
        const during = AbortSignal.any([signal, gesture.signal]);
        element.addEventListener(
          "pointermove",
          (move) => {
            const px = xOf(move);
            isDrag ||= Math.abs(px - fromPx) > DRAG_PX;
            if (!isDrag) return;
            if (isPan) latest.current.onViewport(keepInside(pan(viewport, (fromPx - px) * perPx, axis), axis));
            else setBrush({ fromPx: Math.min(fromPx, px), toPx: Math.max(fromPx, px) });
          },
          { signal: during },
        );
        const end = (up: PointerEvent) => {
          gesture.abort();
          setBrush(undefined);
          const { scale, onViewport, onClick, axis: now } = latest.current;
          const px = xOf(up);
          if (up.type === "pointercancel") return;
          if (!isDrag) onClick(px, up.clientY - element.getBoundingClientRect().top);
          else if (!isPan) onViewport(around(scale.toMs(fromPx), scale.toMs(px), now));
        };
        element.addEventListener("pointerup", end, { signal: during });
        element.addEventListener("pointercancel", end, { signal: during });
      },
      { signal },
    );
    return () => stop.abort();
  }, [plot]);

  useEffect(() => {
    const element = axisStrip.current;
    if (element === null) return;
    const stop = new AbortController();
    const { signal } = stop;
    showWholeOnDoubleClick(element, latest, signal);
    const scrub = (event: PointerEvent) => {
      const { scale, axis, onScrub } = latest.current;
      const ms = scale.toMs(event.clientX - element.getBoundingClientRect().left);
      onScrub(Math.min(Math.max(ms, 0), axis.durationMs));
    };
    element.addEventListener(
      "pointerdown",
      (down) => {
        if (down.button !== 0) return;
        element.setPointerCapture(down.pointerId);
        scrub(down);
      },
      { signal },
    );
    element.addEventListener(
      "pointermove",
      (move) => {
        if (element.hasPointerCapture(move.pointerId)) scrub(move);
      },
      { signal },
    );
    return () => stop.abort();
  }, [axisStrip]);

  return brush;
}

/** Both presses of a double click act as presses do; then what was there before the first is restored. */
function showWholeOnDoubleClick(element: HTMLElement, latest: RefObject<GestureTarget>, signal: AbortSignal): void {
  let beforePress = () => {};
  let beforeFirst = beforePress;
  element.addEventListener(
    "pointerdown",
    () => {
      beforePress = latest.current.remember();
    },
    { signal, capture: true },
  );
  element.addEventListener(
    "mousedown",
    // Only this event has the number of the press.
    ({ detail }) => {
      if (detail === 1) beforeFirst = beforePress;
    },
    { signal },
  );
  element.addEventListener(
    "dblclick",
    () => {
      beforeFirst();
      latest.current.onViewport(undefined);
    },
    { signal },
  );
}
