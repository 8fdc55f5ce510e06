/** Statistics of samples, and rows of results. */
export interface Row {
  name: string;
  value: number;
  /** The goal for the value, such as `>= 0.9`. */
  goal: string;
  unit: string;
  ok: boolean;
}

export function atLeast(name: string, value: number, goal: number, unit: string): Row {
  return { name, value: rounded(value), goal: `>= ${goal}`, unit, ok: value >= goal };
}

export function atMost(name: string, value: number, goal: number, unit: string): Row {
  return { name, value: rounded(value), goal: `<= ${goal}`, unit, ok: value <= goal };
}

/** A value without a goal, for reference. */
export function shown(name: string, value: number, unit: string): Row {
  return { name, value: rounded(value), goal: "-", unit, ok: true };
}

export function percentile(samples: readonly number[], percent: number): number {
  const sorted = [...samples].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))] ?? Number.NaN;
}

export const median = (samples: readonly number[]): number => percentile(samples, 50);

export interface Pairs {
  /** Median of measured / baseline over the pairs. */
  ratio: number;
  measured: number;
  baseline: number;
}

/**
 * Measures both alternately, in alternating order, so that other load affects both equally. One run of each is discarded
 * as warm-up.
 */
export async function inPairs(
  pairs: number,
  measure: () => Promise<number>,
  baseline: () => Promise<number>,
): Promise<Pairs> {
  await baseline();
  await measure();
  const taken: { measured: number; baseline: number }[] = [];
  for (let at = 0; at < pairs; at += 1) {
    const early = at % 2 === 0 ? await baseline() : await measure();
    const late = at % 2 === 0 ? await measure() : await baseline();
    taken.push(at % 2 === 0 ? { measured: late, baseline: early } : { measured: early, baseline: late });
  }
  return {
    ratio: median(taken.map((pair) => pair.measured / pair.baseline)),
    measured: median(taken.map((pair) => pair.measured)),
    baseline: median(taken.map((pair) => pair.baseline)),
  };
}

const rounded = (value: number): number => Number(value.toPrecision(4));
