import { expect, test } from "vitest";
import { Credit, FIRST_WINDOW, WINDOW } from "./credit.ts";

const { signal } = new AbortController();

async function spend(credit: Credit, count: number): Promise<void> {
  for (let sent = 0; sent < count; sent++) await credit.next(signal);
}

test("what is acknowledged may be sent again", async () => {
  const credit = new Credit();
  await spend(credit, FIRST_WINDOW);
  let next = 0;
  const waiting = credit.next(signal).then((message) => {
    next = message;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(next).toBe(0);
  credit.acknowledge(3);
  await waiting;
  expect(next).toBe(FIRST_WINDOW + 1);
  expect(credit.unacknowledged).toBe(FIRST_WINDOW - 2);
});

test("a window that keeps reading is trusted with more, up to a limit", async () => {
  const credit = new Credit();
  for (let message = 1; message <= WINDOW; message++) {
    await credit.next(signal);
    credit.acknowledge(message);
  }
  await spend(credit, WINDOW);
  const gone = new AbortController();
  const waiting = credit.next(gone.signal);
  gone.abort(new Error("there is no room for more"));
  await expect(waiting).rejects.toThrow("there is no room for more");
});

test("a window cannot acknowledge what it was never sent, nor take back what it has acknowledged", async () => {
  const credit = new Credit();
  await spend(credit, 4);
  credit.acknowledge(1_000_000);
  expect(credit.unacknowledged).toBe(4);
  credit.acknowledge(3);
  credit.acknowledge(1);
  expect(credit.unacknowledged).toBe(1);
});

test("a window that has gone is not waited for", async () => {
  const credit = new Credit();
  const gone = new AbortController();
  await spend(credit, FIRST_WINDOW);
  const waiting = credit.next(gone.signal);
  gone.abort(new Error("gone"));
  await expect(waiting).rejects.toThrow("gone");
});
