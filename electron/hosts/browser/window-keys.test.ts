import { expect, test } from "vitest";
import { WindowKeys } from "./window-keys.ts";

/** An admitted window. @throws Error when it is refused */
function connect(keys: WindowKeys, key: string) {
  const connected = keys.connect(key, () => {});
  if (typeof connected === "string") throw new Error(connected);
  return connected;
}

function pass(keys: WindowKeys, minutes: number): void {
  for (let minute = 0; minute < minutes; minute++) keys.tick();
}

test("a window keeps its key while it is connected, and half an hour longer", () => {
  const keys = new WindowKeys();
  const { nextKey, disconnected } = connect(keys, keys.issue());
  pass(keys, 10_000);
  expect(keys.isKnown(nextKey)).toBe(true);
  disconnected();
  pass(keys, 30);
  expect(keys.isKnown(nextKey)).toBe(true);
  pass(keys, 1);
  expect(keys.isKnown(nextKey)).toBe(false);
});

test("an unused key expires soon", () => {
  const keys = new WindowKeys();
  const key = keys.issue();
  pass(keys, 3);
  expect(keys.connect(key, () => {})).toBe("unknown");
});

test("requesting keys without end invalidates none of a window that has connected", () => {
  const keys = new WindowKeys();
  const { nextKey, disconnected } = connect(keys, keys.issue());
  disconnected();
  const issued = Array.from({ length: 1_000 }, () => keys.issue());
  expect(keys.isKnown(nextKey)).toBe(true);
  expect(issued.filter((key) => keys.isKnown(key)).length).toBeLessThan(100);
});

test("later messages of a superseded connection change nothing", () => {
  const keys = new WindowKeys();
  const first = connect(keys, keys.issue());
  const second = connect(keys, first.nextKey);
  first.disconnected();
  first.hasNextKey();
  pass(keys, 100);
  expect(keys.isKnown(first.nextKey)).toBe(true);
  second.hasNextKey();
  expect(keys.isKnown(first.nextKey)).toBe(false);
  expect(keys.isKnown(second.nextKey)).toBe(true);
});
