import { getEventListeners } from "node:events";
import { afterEach, expect, test, vi } from "vitest";
import { within } from "./within.ts";

const never = (signal: AbortSignal) =>
  new Promise<never>((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason));
  });

afterEach(() => {
  vi.useRealTimers();
});

test("ends with each of its signals, also with one that has aborted before, and after its limit", async () => {
  const [first, second] = [new AbortController(), new AbortController()];
  const ended = within([first.signal, second.signal], undefined, never);
  second.abort(new Error("the second"));
  await expect(ended).rejects.toThrow("the second");
  await expect(within([second.signal], 60_000, never)).rejects.toThrow("the second");
  await expect(within([first.signal], 5, never)).rejects.toMatchObject({ name: "TimeoutError" });
});

test("leaves no listener at a signal that lives on, and no timer", async () => {
  // The process has timers of its own, which come and go.
  vi.useFakeTimers();
  const living = new AbortController();
  for (let n = 0; n < 10; n += 1) await within([living.signal], 60_000, async () => n);
  await expect(within([living.signal], 60_000, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect([getEventListeners(living.signal, "abort").length, vi.getTimerCount()]).toEqual([0, 0]);
});
