import { expect, test } from "vitest";
import { differenceOf, VALUES_COMPARED } from "./difference.ts";

test("the shift is the median of all differences, and its interval their order statistics", () => {
  // Of 10 and 5 values, 50 differences: 25 - 1.96 * sqrt(50 * 16 / 12) is 8.997, so the 8th and the 43rd.
  const left = [1.15, 0.88, 0.9, 0.74, 1.21];
  const right = [0.8, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46];
  const all = right.flatMap((value) => left.map((other) => value - other)).sort((one, other) => one - other);
  const difference = differenceOf(left, right);
  // The example of R's wilcox.test, from Hollander and Wolfe: the difference in location is 0.305.
  expect(difference?.shift).toBeCloseTo(0.305, 10);
  expect(difference?.interval).toEqual([all[7], all[42]]);
});

test("the same values on both sides differ by nothing, and a constant more is found exactly", () => {
  const values = Array.from({ length: 40 }, (_, at) => (at * 7) % 40);
  expect(differenceOf(values, values)?.shift).toBe(0);
  const [low = 0, high = 0] = differenceOf(values, values)?.interval ?? [];
  expect(low).toBeLessThan(0);
  expect(high).toBeGreaterThan(0);
  const slower = values.map((value) => value + 200);
  expect(differenceOf(values, slower)?.shift).toBe(200);
  expect(differenceOf(slower, values)?.shift).toBe(-200);
});

test("the interval has the true shift in about 95 of 100 samples", () => {
  let state = 1;
  // A linear congruential generator: the same samples in each run of this test.
  const random = () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
  const skewed = (count: number, shift: number) => Array.from({ length: count }, () => -Math.log(1 - random()) + shift);
  let held = 0;
  for (let trial = 0; trial < 400; trial++) {
    const [low = 0, high = 0] = differenceOf(skewed(20, 0), skewed(25, 3))?.interval ?? [];
    if (low <= 3 && 3 <= high) held++;
  }
  expect(held / 400).toBeGreaterThan(0.92);
  expect(held / 400).toBeLessThan(0.985);
});

test("with too few values there is no interval, and without any no difference", () => {
  expect(differenceOf([1, 2], [11, 12])).toEqual({ shift: 10, interval: undefined });
  expect(differenceOf([], [1])).toBeUndefined();
});

test("very many values are compared by as many of their order statistics", () => {
  const left = Array.from({ length: 20 * VALUES_COMPARED }, (_, at) => at);
  const right = left.map((value) => value + 500);
  expect(differenceOf(left, right)?.shift).toBeCloseTo(500, 6);
});
