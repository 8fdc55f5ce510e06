import { expect, it } from "vitest";
import { ProcessMonitor } from "./process-monitor.ts";
import { stallableLoop } from "./testing/stalled-loop.ts";

/** Longer than any real delay of this test. */
const stallMs = 24 * 60 * 60_000;

it.each([9_990, 9_999, 10_000, 10_001, 15_000])(
  "shows a stall that begins %d ms after the start, for a window and the one after",
  (ms) => {
    const loop = stallableLoop();
    const monitor = new ProcessMonitor();
    loop.pass(ms);
    loop.stall(stallMs);
    for (let reading = 0; reading < 10; reading += 1) {
      expect(monitor.read().eventLoop.maxMs).toBeGreaterThan(stallMs - 100);
      loop.pass(1_000);
    }
    loop.pass(20_000);
    expect(monitor.read().eventLoop.maxMs).toBe(0);
    monitor.stop();
  },
);
