import { type KeyboardEvent, type PointerEvent, useRef } from "react";
import classes from "./splitter.module.css";

interface SplitterProps {
  /** Of the part behind it, to its right or below it. */
  label: string;
  orientation: "vertical" | "horizontal";
  /** Width of that part, or its height, in CSS pixels. */
  sizePx: number;
  leastPx: number;
  mostPx: number;
  onSize: (sizePx: number) => void;
}

const STEP_PX = 24;

const KEYS: Readonly<Record<SplitterProps["orientation"], Readonly<Record<string, number>>>> = {
  vertical: { ArrowLeft: STEP_PX, ArrowRight: -STEP_PX },
  horizontal: { ArrowUp: STEP_PX, ArrowDown: -STEP_PX },
};

/** The edge before a part of the page: it is dragged, or moved by the arrow keys. */
export function Splitter({ label, orientation, sizePx, leastPx, mostPx, onSize }: SplitterProps) {
  const dragged = useRef<{ from: number; fromPx: number }>(undefined);
  const become = (px: number) => onSize(Math.round(Math.min(mostPx, Math.max(leastPx, px))));
  const along = ({ clientX, clientY }: PointerEvent) => (orientation === "vertical" ? clientX : clientY);
  const onPointerDown = (event: PointerEvent<HTMLElement>) => {
    event.currentTarget.setPointerCapture(event.pointerId);
    dragged.current = { from: along(event), fromPx: sizePx };
  };
  const onPointerMove = (event: PointerEvent) => {
    if (dragged.current !== undefined) become(dragged.current.fromPx + dragged.current.from - along(event));
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const larger = KEYS[orientation][event.key];
    if (larger === undefined) return;
    event.preventDefault();
    become(sizePx + larger);
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: a rule of a text cannot be moved
    <div
      className={classes.splitter}
      role="separator"
      aria-orientation={orientation}
      aria-label={`${orientation === "vertical" ? "Width" : "Height"} of ${label}`}
      aria-valuenow={sizePx}
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
