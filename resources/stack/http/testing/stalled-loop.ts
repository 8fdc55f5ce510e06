import { onTestFinished, vi } from "vitest";

interface Timer {
  run: () => void;
  everyMs: number;
  dueMs: number;
}

/**
 * A clock of the test's own, and intervals that run by it as by the event loop: those that have become due meanwhile run once
 * each, the longest due first.
 */
export function stallableLoop() {
  let nowMs = 0;
  const timers = new Set<Timer>();
  vi.spyOn(performance, "now").mockImplementation(() => nowMs);
  vi.spyOn(globalThis, "setInterval").mockImplementation(((run: () => void, everyMs: number) => {
    const timer = { run, everyMs, dueMs: nowMs + everyMs, unref: () => timer };
    timers.add(timer);
    return timer;
  }) as unknown as typeof setInterval);
  vi.spyOn(globalThis, "clearInterval").mockImplementation(((timer: unknown) => {
    timers.delete(timer as Timer);
  }) as typeof clearInterval);
  onTestFinished(() => void vi.restoreAllMocks());
  /** The loop does nothing for so many milliseconds. */
  const stall = (ms: number): void => {
    nowMs += ms;
    const due = [...timers].filter(({ dueMs }) => dueMs <= nowMs).sort((one, other) => one.dueMs - other.dueMs);
    for (const timer of due) {
      timer.run();
      timer.dueMs = nowMs + timer.everyMs;
    }
  };
  /** It keeps time for so many milliseconds. */
  const pass = (ms: number): void => {
    for (let passed = 0; passed < ms; passed += 1) stall(1);
  };
  return { pass, stall };
}
