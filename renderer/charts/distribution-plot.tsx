import { useLayoutEffect, useMemo, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { formatDuration } from "../../electron/model/duration.ts";
import { SERIES } from "../timeline/palette.ts";
import { useElementWidth } from "../timeline/use-element-width.ts";
import { usePalette } from "../timeline/use-palette.ts";
import classes from "./latency-plot.module.css";

const HEIGHT_PX = 210;
/** The least of the logarithmic axis. */
const LEAST_MS = 0.1;
/** Of the second series, so that the two are told apart without their colours. */
const DASH = [6, 4];

export interface Distribution {
  name: string;
  /** Milliseconds. */
  values: readonly number[];
}

/** The share of the values that did not exceed a duration, one line a distribution. What it shows is also in `label`. */
export function DistributionPlot({ distributions, label }: { distributions: readonly Distribution[]; label: string }) {
  const frame = useRef<HTMLDivElement>(null);
  const widthPx = useElementWidth(frame);
  const palette = usePalette(frame, 1);
  const data = useMemo(() => cumulative(distributions.map(({ values }) => values)), [distributions]);
  useLayoutEffect(() => {
    const element = frame.current;
    if (element === null || widthPx === 0 || palette === undefined) return;
    const stepped = uPlot.paths.stepped?.({ align: 1 });
    const { font, textSoft: stroke, grid } = palette;
    const line = { font, stroke, grid: { stroke: grid, width: 1 }, ticks: { show: false } };
    const plot = new uPlot(
      {
        width: widthPx,
        height: HEIGHT_PX,
        legend: { show: false },
        cursor: { show: false },
        scales: { x: { time: false, distr: 3 }, y: { range: () => [0, 1] } },
        axes: [
          { ...line, values: (_, splits) => splits.map((ms) => (isRound(ms) ? formatDuration(ms) : "")) },
          { ...line, size: 60, values: (_, splits) => splits.map((share) => `${Math.round(share * 100)} %`) },
        ],
        series: [
          {},
          ...distributions.map(({ name }, at) => ({
            label: name,
            stroke: palette.series[at % SERIES] ?? palette.text,
            width: 2,
            ...(stepped === undefined ? {} : { paths: stepped }),
            points: { show: false },
            ...(at === 1 ? { dash: DASH } : {}),
          })),
        ],
      },
      data,
      element,
    );
    return () => plot.destroy();
  }, [widthPx, palette, data, distributions]);
  return <div ref={frame} className={classes.still} role="img" aria-label={label} />;
}

/** Of each distribution the share up to each value of any: columns as uPlot has them. */
function cumulative(all: readonly (readonly number[])[]): uPlot.AlignedData {
  const sorted = all.map((values) =>
    values.map((value) => Math.max(value, LEAST_MS)).sort((one, other) => one - other),
  );
  const xs = [...new Set(sorted.flat())].sort((one, other) => one - other);
  const shares = sorted.map((values) => {
    let upTo = 0;
    return xs.map((x) => {
      while (upTo < values.length && (values[upTo] ?? 0) <= x) upTo++;
      return values.length === 0 ? null : upTo / values.length;
    });
  });
  return [xs, ...shares];
}

/** 1, 2 or 5 times a power of ten. */
function isRound(value: number): boolean {
  const digit = value / 10 ** Math.floor(Math.log10(value) + 1e-9);
  return [1, 2, 5].some((round) => Math.abs(digit - round) < 1e-6);
}
