import { expect, test } from "vitest";
import { WakeUp } from "./wake-up.ts";

const NEVER_MS = 2 ** 30;

test("a wait ends when it is woken", async () => {
  const wakeUp = new WakeUp();
  const waiting = wakeUp.wait(NEVER_MS, new AbortController().signal);
  wakeUp.wake();
  await waiting;
});

test("what wakes during a look ends the wait after it, and that one alone", async () => {
  const wakeUp = new WakeUp();
  const { signal } = new AbortController();
  wakeUp.wake();
  wakeUp.wake();
  await wakeUp.wait(NEVER_MS, signal);
  let isOver = false;
  const next = wakeUp.wait(NEVER_MS, signal).then(() => {
    isOver = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(isOver).toBe(false);
  wakeUp.wake();
  await next;
});

test("a wait ends with its signal, and with its time", async () => {
  const stop = new AbortController();
  const wakeUp = new WakeUp();
  const waiting = wakeUp.wait(NEVER_MS, stop.signal);
  stop.abort();
  await waiting;
  await wakeUp.wait(NEVER_MS, stop.signal);
  await wakeUp.wait(0, new AbortController().signal);
});
