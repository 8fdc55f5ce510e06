import { expect, it } from "vitest";
import { LoopDelay } from "./loop-delay.ts";
import { stallableLoop } from "./testing/stalled-loop.ts";

it.each([0, 1, 19, 20, 21, 499])("shows a stall that begins %d ms after a reset, at once and until the next", (ms) => {
  const loop = stallableLoop();
  const delay = new LoopDelay();
  loop.pass(1_000);
  delay.reset();
  loop.pass(ms);
  loop.stall(1_240);
  const { maxMs } = delay.read();
  // Of the time since its last tick the resolution is no delay.
  expect(maxMs).toBeGreaterThanOrEqual(1_220);
  expect(maxMs).toBeLessThanOrEqual(1_240);
  loop.pass(100);
  expect(delay.read().maxMs).toBe(maxMs);
  delay.reset();
  loop.pass(100);
  expect(delay.read()).toEqual({ p99Ms: 0, maxMs: 0 });
  delay.stop();
});

it("shows none of a loop that keeps time, however often it is read", () => {
  const loop = stallableLoop();
  const delay = new LoopDelay();
  expect(delay.read()).toEqual({ p99Ms: 0, maxMs: 0 });
  for (let read = 0; read < 100; read += 1) {
    loop.pass(7);
    expect(delay.read().maxMs).toBe(0);
  }
  delay.stop();
});
