import type { ReactNode } from "react";
import { SERIES } from "../timeline/palette.ts";
import { shapeOf } from "./marks.ts";
import classes from "./series-key.module.css";

const SHAPES: Record<ReturnType<typeof shapeOf>, ReactNode> = {
  circle: <circle cx={5} cy={5} r={4} />,
  square: <rect x={1.2} y={1.2} width={7.6} height={7.6} />,
  triangle: <polygon points="5,0.6 9.4,8.6 0.6,8.6" />,
  diamond: <polygon points="5,0 10,5 5,10 0,5" />,
};

/** What stands for a series in a plot, beside its name. */
export function SeriesKey({ series, name }: { series: number; name: string }) {
  return (
    <span className={classes.key}>
      <svg width={10} height={10} aria-hidden fill={`var(--series-${(series % SERIES) + 1})`}>
        {SHAPES[shapeOf(series)]}
      </svg>
      {name}
    </span>
  );
}
