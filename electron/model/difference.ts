/** By how much the values of one side are above those of another. */
export interface Difference {
  /** Hodges–Lehmann: the median of all differences between a value on the right and one on the left. */
  shift: number;
  /**
   * About 95 % confidence: the distribution-free interval that belongs to the rank sum test (Hollander and Wolfe,
   * Nonparametric Statistical Methods, 4.3), by its normal approximation. Undefined with too few values for one.
   */
  interval: readonly [low: number, high: number] | undefined;
}

const Z_95 = 1.959964;
/** More values than this a side are represented by so many of their order statistics, evenly spaced. */
export const VALUES_COMPARED = 1_000;

/** Undefined where a side has no values. The same values give the same result: nothing is drawn at random. */
export function differenceOf(left: readonly number[], right: readonly number[]): Difference | undefined {
  if (left.length === 0 || right.length === 0) return undefined;
  const [lower, upper] = [represented(left), represented(right)];
  const differences = new Float64Array(lower.length * upper.length);
  let at = 0;
  for (const value of upper) for (const other of lower) differences[at++] = value - other;
  differences.sort();
  return { shift: medianOf(differences), interval: intervalOf(differences, lower.length, upper.length) };
}

function intervalOf(sorted: Float64Array, left: number, right: number): Difference["interval"] {
  const pairs = left * right;
  const spread = Math.sqrt((pairs * (left + right + 1)) / 12);
  const rank = Math.floor(pairs / 2 - Z_95 * spread);
  return rank < 1 ? undefined : [sorted[rank - 1] ?? 0, sorted[pairs - rank] ?? 0];
}

function represented(values: readonly number[]): readonly number[] {
  const sorted = values.toSorted((one, other) => one - other);
  if (sorted.length <= VALUES_COMPARED) return sorted;
  const step = (sorted.length - 1) / (VALUES_COMPARED - 1);
  return Array.from({ length: VALUES_COMPARED }, (_, at) => sorted[Math.round(at * step)] ?? 0);
}

/** @param sorted at least one */
export function medianOf(sorted: ArrayLike<number>): number {
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
}
