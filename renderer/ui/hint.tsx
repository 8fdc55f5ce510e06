import { Tooltip } from "@mantine/core";
import { cloneElement, type HTMLAttributes, type ReactElement, type SyntheticEvent, useState } from "react";
import { type HintPlace, placeHint } from "./place-hint.ts";

type Control = Pick<HTMLAttributes<HTMLElement>, "onPointerEnter" | "onFocus">;

interface HintProps {
  /** Without a text there is no hint, and the control stays the same element. */
  label: string | undefined;
  children: ReactElement<Control>;
}

/** Controls that must never be covered. */
const KEPT = "[data-stop]";

/** What a tooltip adds to its offset. */
const ARROW_PX = 2;

const CONTROLS = "a[href], button, input, select, textarea, [role=button], [role=tab], [role=slider]";

/** Explains a control while it is pointed at or has the focus, without covering another one. */
export function Hint({ label, children }: HintProps) {
  const [{ side, gapPx }, setPlace] = useState<HintPlace>({ side: "top", gapPx: ARROW_PX });
  const place = ({ currentTarget }: SyntheticEvent<HTMLElement>) => {
    if (label === undefined) return;
    const others = [...document.querySelectorAll(CONTROLS)].filter(
      (other) => !other.contains(currentTarget) && !currentTarget.contains(other),
    );
    const boxes = (all: Element[]) => all.map((other) => other.getBoundingClientRect());
    setPlace(
      placeHint(
        currentTarget.getBoundingClientRect(),
        sizeOf(label),
        boxes(others),
        { width: window.innerWidth, height: window.innerHeight },
        boxes(others.filter((other) => other.closest(KEPT) !== null)),
      ),
    );
  };
  return (
    <Tooltip label={label} disabled={label === undefined} position={side} offset={gapPx - ARROW_PX}>
      {cloneElement(children, {
        onPointerEnter: place,
        onFocus: place,
        ...(label === undefined ? {} : { "data-hint": true }),
      })}
    </Tooltip>
  );
}

/** Of a tooltip as the theme has it: at most 320 px wide, in 13 px type. */
const [WIDEST_PX, PADDING_PX, LINE_PX] = [320, 20, 20];
let measure: CanvasRenderingContext2D | null | undefined;

/** Slightly larger than it will be: lines break at words. */
function sizeOf(label: string): { width: number; height: number } {
  measure ??= document.createElement("canvas").getContext("2d");
  let widthPx = label.length * 7;
  if (measure != null) {
    measure.font = `13px ${getComputedStyle(document.body).fontFamily}`;
    widthPx = measure.measureText(label).width;
  }
  const linePx = WIDEST_PX - PADDING_PX;
  const lines = Math.ceil((widthPx * 1.1) / linePx);
  return { width: Math.min(WIDEST_PX, widthPx + PADDING_PX + 2), height: lines * LINE_PX + 10 };
}
