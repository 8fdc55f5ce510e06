import { type KeyboardEvent, type PointerEvent, useRef } from "react";
import classes from "./side-splitter.module.css";

interface SideSplitterProps {
  /** What it makes wider. */
  label: string;
  /** Width of the side to the right of it, in CSS pixels. */
  widthPx: number;
  leastPx: number;
  mostPx: number;
  onWidth: (widthPx: number) => void;
}

const STEP_PX = 24;

/** The edge of a side at the right: it is dragged, or moved by the arrow keys. */
export function SideSplitter({ label, widthPx, leastPx, mostPx, onWidth }: SideSplitterProps) {
  const dragged = useRef<{ fromX: number; fromPx: number }>(undefined);
  const become = (px: number) => onWidth(Math.round(Math.min(mostPx, Math.max(leastPx, px))));
  const onPointerDown = (event: PointerEvent<HTMLElement>) => {
    event.currentTarget.setPointerCapture(event.pointerId);
    dragged.current = { fromX: event.clientX, fromPx: widthPx };
  };
  const onPointerMove = ({ clientX }: PointerEvent) => {
    if (dragged.current !== undefined) become(dragged.current.fromPx + dragged.current.fromX - clientX);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const wider = { ArrowLeft: STEP_PX, ArrowRight: -STEP_PX }[event.key];
    if (wider === undefined) return;
    event.preventDefault();
    become(widthPx + wider);
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: a rule of a text cannot be moved
    <div
      className={classes.splitter}
      role="separator"
      aria-orientation="vertical"
      aria-label={`Width of ${label}`}
      aria-valuenow={widthPx}
      aria-valuemin={leastPx}
      aria-valuemax={mostPx}
      tabIndex={0}
      onPointerDown={onPointerDown}
      onPointerMove={onPointerMove}
      onPointerUp={() => {
        dragged.current = undefined;
      }}
      onKeyDown={onKeyDown}
    />
  );
}
