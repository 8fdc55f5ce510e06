import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { exportedSpans } from "../trace-files/testing/exported-spans.ts";
import { Intake, RefusedExport } from "./intake.ts";
import type { OtlpFormat } from "./otlp-export.ts";

const BODIES = 10_000;

/** mulberry32: the same bodies at each run. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Bytes that were changed, inserted, removed or repeated; of every third body only one byte. */
function mutated(body: Buffer, next: () => number): Buffer {
  let bytes = Buffer.from(body);
  if (next() < 1 / 3) {
    bytes[Math.floor(next() * bytes.length)] = Math.floor(next() * 256);
    return bytes;
  }
  const at = () => Math.floor(next() * (bytes.length + 1));
  for (let change = 0; change <= Math.floor(next() * 6); change++) {
    const [from, to] = [at(), at()].sort((one, other) => one - other) as [number, number];
    const noise = Buffer.from(Array.from({ length: Math.floor(next() * 8) }, () => Math.floor(next() * 256)));
    const kept = next();
    const middle =
      kept < 0.4 ? Buffer.alloc(0) : kept < 0.6 ? bytes.subarray(from, to) : bytes.subarray(from, from + 1);
    const rest = kept < 0.8 ? bytes.subarray(Math.min(from + 2, bytes.length)) : bytes.subarray(to);
    bytes = Buffer.concat([bytes.subarray(0, from), noise, middle, rest]);
  }
  return bytes;
}

test(`${BODIES} malformed bodies end in an answer or a named refusal, and in nothing else`, async () => {
  const exported = exportedSpans();
  const samples: Record<OtlpFormat, Buffer> = {
    protobuf: Buffer.from(exported.protobuf),
    json: Buffer.from(exported.json),
  };
  const intake = new Intake(() => ({ rejected: 0, message: "" }));
  const next = random(20_261_129);
  const ends = { taken: 0, refused: 0 };
  for (let count = 0; count < BODIES; count++) {
    const format: OtlpFormat = next() < 0.5 ? "protobuf" : "json";
    const signal = (["logs", "metrics"] as const)[Math.floor(next() * 6)] ?? "traces";
    const isGzip = next() < 0.1;
    const body = mutated(isGzip ? gzipSync(samples[format]) : samples[format], next);
    try {
      await intake.take(signal, format, body, isGzip);
      ends.taken++;
    } catch (error) {
      if (!(error instanceof RefusedExport)) throw error;
      expect(error.message).toMatch(/^the (body is no OTLP|body cannot be unpacked|unpacked body)/);
      ends.refused++;
    }
  }
  expect(intake.counts.refused).toBe(ends.refused);
  expect(ends.taken).toBeGreaterThan(BODIES / 100);
  expect(ends.refused).toBeGreaterThan(BODIES / 4);
});

const deep = (depth: number) => `${'{"arrayValue":{"values":['.repeat(depth)}{"stringValue":"x"}${"]}}".repeat(depth)}`;

test("a body that is nested without end is refused", async () => {
  const intake = new Intake(() => ({ rejected: 0, message: "" }));
  const body = `{"resourceSpans":[{"resource":{"attributes":[{"key":"k","value":${deep(200_000)}}]}}]}`;
  await expect(intake.take("traces", "json", Buffer.from(body), false)).rejects.toThrow("nested too deep");
});
