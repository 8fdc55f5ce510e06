import { expect, test } from "vitest";
import { whenChanged } from "./when-changed.ts";

test("looks once, and again with each change that is told, until the listener is gone", async () => {
  const listeners = new Set<() => void>();
  const onChange = (listener: () => void) => {
    listeners.add(listener);
    return () => void listeners.delete(listener);
  };
  const gone = new AbortController();
  const looks = whenChanged({ onChange }, gone.signal);
  expect(await looks.next()).toMatchObject({ done: false });
  for (let count = 0; count < 3; count++) {
    const next = looks.next();
    for (const listener of listeners) listener();
    expect(await next).toMatchObject({ done: false });
  }
  const last = looks.next();
  gone.abort();
  expect(await last).toMatchObject({ done: true });
  expect(listeners.size).toBe(0);
});
