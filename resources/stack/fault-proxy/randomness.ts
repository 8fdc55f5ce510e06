/**
 * The documented rule for random decisions. Each depends on the seed and its subject, never on timing, so the same seed
 * gives the same hits:
 *
 *   draw(seed, ...parts) = first 53 bits of SHA-256(`seed|part|part|...`) / 2^53, in [0, 1)
 *
 * - toxicity:          draw(seed, link, toxic, "connection", connection, stream) < toxicity
 * - match.probability: draw(seed, link, toxic, "request", ordinal) < probability
 * - http_delay jitter: draw(seed, link, toxic, "jitter", ordinal)
 * - jitter, slices:    mulberry32 started with floor(draw(seed, link, toxic, "sequence", connection, stream) * 2^32)
 *
 * `connection` counts a link's accepted connections from 1; `ordinal` counts the requests that a toxic matched, from 1.
 * `toxic` is its name, or its type if it has its own seed, so that it is reproducible under any name. Strings are UTF-8,
 * numbers decimal.
 */
import { createHash } from "node:crypto";

export function draw(seed: number, ...parts: readonly (string | number)[]): number {
  const digest = createHash("sha256")
    .update([seed, ...parts].join("|"))
    .digest();
  const bits = (BigInt(digest.readUInt32BE(0)) << 21n) | BigInt(digest.readUInt32BE(4) >>> 11);
  return Number(bits) / 2 ** 53;
}

/** Numbers in [0, 1), fast enough for one per chunk (Tommy Ettinger's mulberry32). */
export function mulberry32(start: number): () => number {
  let state = start >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
