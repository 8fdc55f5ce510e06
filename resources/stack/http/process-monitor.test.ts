import { afterEach, expect, it, vi } from "vitest";
import { ProcessMonitor } from "./process-monitor.ts";

/** Longer than any real delay of this test. */
const stallMs = 24 * 60 * 60_000;

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

it("shows a stall after which the turn of its window comes before the histogram's own tick", () => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  const now = vi.spyOn(performance, "now").mockReturnValue(0);
  const monitor = new ProcessMonitor();
  now.mockReturnValue(10_000 + stallMs);
  vi.advanceTimersByTime(10_000);
  expect(monitor.read().eventLoop.maxMs).toBe(stallMs);
  monitor.stop();
});
