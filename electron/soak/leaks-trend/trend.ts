/** Whether a gauge grows without end, from samples of it over the requests served: how fast those come depends on the machine. */
export interface Sample {
  /** Number of requests so far. */
  at: number;
  value: number;
}

export interface Line {
  /** Of the gauge, for a thousand requests. */
  slope: number;
  /** Half of the 95 % interval of the slope. */
  margin: number;
}

export interface Trend extends Line {
  grows: boolean;
}

const unit = 1_000;
/** Two-sided 95 % of a normal distribution; there are dozens of samples. */
const z = 1.96;
/** What fills up to a bound grows less and less; a leak does not. */
const sameGrowth = 0.4;

/**
 * A gauge grows if the slope of its second half is above zero with its whole interval, adds more than `least` within that
 * half, and has not fallen much below the slope of the first half.
 */
export function trendOf(samples: readonly Sample[], least: number): Trend {
  const middle = Math.floor(samples.length / 2);
  const before = lineThrough(samples.slice(0, middle));
  const after = lineThrough(samples.slice(middle));
  const requests = ((samples.at(-1)?.at ?? 0) - (samples[middle]?.at ?? 0)) / unit;
  const grows =
    after.slope - after.margin > 0 && after.slope * requests > least && after.slope >= sameGrowth * before.slope;
  return { ...after, grows };
}

/** By least squares. The residuals of neighbours depend on each other, which widens the interval by their correlation. */
export function lineThrough(samples: readonly Sample[]): Line {
  const count = samples.length;
  if (count < 4) return { slope: 0, margin: Infinity };
  const meanAt = samples.reduce((sum, { at }) => sum + at, 0) / count / unit;
  const mean = samples.reduce((sum, { value }) => sum + value, 0) / count;
  const points = samples.map(({ at, value }) => ({ x: at / unit - meanAt, y: value - mean }));
  const spread = points.reduce((sum, { x }) => sum + x * x, 0);
  const slope = points.reduce((sum, { x, y }) => sum + x * y, 0) / spread;
  const residuals = points.map(({ x, y }) => y - slope * x);
  const squares = residuals.reduce((sum, residual) => sum + residual * residual, 0);
  const together = residuals.slice(1).reduce((sum, residual, index) => sum + residual * (residuals[index] ?? 0), 0);
  const correlation = squares === 0 ? 0 : Math.min(0.9, Math.max(0, together / squares));
  const widening = Math.sqrt((1 + correlation) / (1 - correlation));
  return { slope, margin: z * widening * Math.sqrt(squares / (count - 2) / spread) };
}
