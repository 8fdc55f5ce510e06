import { getEventListeners } from "node:events";
import { afterEach, expect, test, vi } from "vitest";
import { AbortScope, isAbortOf, isTimeout, orAbort, within } from "./abort-scope.ts";

const never = new Promise<never>(() => {});

afterEach(() => {
  vi.useRealTimers();
});

test("ended work leaves neither a listener on its parent signal nor a timer", async () => {
  // The process has timers of its own, which come and go.
  vi.useFakeTimers();
  const parent = new AbortController();
  await within(parent.signal, 30 * 60_000, async () => "done");
  await expect(within(parent.signal, 30 * 60_000, async () => Promise.reject(new Error("bad")))).rejects.toThrow("bad");
  const late = expect(within(parent.signal, 1, () => never)).rejects.toThrow("not done within 1 ms");
  vi.advanceTimersByTime(1);
  await late;
  expect(getEventListeners(parent.signal, "abort")).toEqual([]);
  expect(vi.getTimerCount()).toBe(0);
});

test("listeners of the signal of ended work are not referenced by the parent signal", async () => {
  const parent = new AbortController();
  let given: AbortSignal | undefined;
  await within(parent.signal, 30 * 60_000, async (limited) => {
    given = limited;
    limited.addEventListener("abort", () => {});
  });
  parent.abort();
  expect(given?.aborted).toBe(false);
});

test("work ends with the first abort reason, even if it does not listen itself", async () => {
  const parent = new AbortController();
  const working = within(parent.signal, 60_000, () => never);
  const reason = new Error("cancelled");
  parent.abort(reason);
  await expect(working).rejects.toBe(reason);
  await expect(within(parent.signal, 60_000, vi.fn())).rejects.toBe(reason);
  const scope = new AbortScope(new AbortController().signal, 60_000);
  scope.abort("first");
  scope.abort("second");
  expect(scope.signal.reason).toBe("first");
  await expect(orAbort(never, scope.signal)).rejects.toBe("first");
});

test("work is not started once its signal has aborted", async () => {
  const work = vi.fn();
  await expect(within(AbortSignal.abort("too late"), 1, work)).rejects.toBe("too late");
  expect(work).not.toHaveBeenCalled();
});

test("a time limit, an abort and an error of the work's own are distinguished", async () => {
  const late = await within(new AbortController().signal, 1, () => never).catch((error: unknown) => error);
  const reason = new Error("cancelled");
  const aborted = AbortSignal.abort(reason);
  expect([isTimeout(late), isTimeout(reason)]).toEqual([true, false]);
  expect(isAbortOf(aborted, reason)).toBe(true);
  expect(isAbortOf(aborted, new Error("wrapped", { cause: reason }))).toBe(true);
  expect(isAbortOf(aborted, new Error("the disk is full"))).toBe(false);
  expect(isAbortOf(new AbortController().signal, reason)).toBe(false);
});
