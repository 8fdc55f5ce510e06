import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { draw, mulberry32 } from "./randomness.ts";

test("draw follows the documented rule: the first 53 bits of the hash", () => {
  const hash = createHash("sha256").update("7|a->b|slow|request|3").digest();
  const bits = hash.readBigUInt64BE(0) >> 11n;
  expect(draw(7, "a->b", "slow", "request", 3)).toBe(Number(bits) / 2 ** 53);
});

test("draws are uniformly distributed", () => {
  const hits = Array.from({ length: 2_000 }, (_, at) => draw(1, "l", "t", "request", at)).filter(
    (value) => value < 0.3,
  );
  expect(hits.length / 2_000).toBeGreaterThan(0.25);
  expect(hits.length / 2_000).toBeLessThan(0.35);
});

test("mulberry32 produces its reference sequence", () => {
  const random = mulberry32(1);
  expect([random(), random()].map((value) => value.toFixed(6))).toEqual(["0.627074", "0.002736"]);
});
