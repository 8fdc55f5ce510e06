import { SERIES } from "../timeline/palette.ts";
import { addMark, shapeOf } from "./marks.ts";
import classes from "./series-key.module.css";

/** What stands for a series in a plot, beside its name. */
export function SeriesKey({ series, name }: { series: number; name: string }) {
  return (
    <span className={classes.key} style={{ color: `var(--series-${(series % SERIES) + 1})` }}>
      <canvas
        width={20}
        height={20}
        aria-hidden
        ref={(canvas) => {
          const context = canvas?.getContext("2d");
          if (context == null) return;
          const path = new Path2D();
          addMark(path, shapeOf(series), 10, 10, 7);
          context.clearRect(0, 0, 20, 20);
          context.fillStyle = getComputedStyle(context.canvas).color;
          context.fill(path);
        }}
      />
      <span>{name}</span>
    </span>
  );
}
