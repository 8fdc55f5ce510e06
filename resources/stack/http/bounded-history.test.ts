import { expect, it } from "vitest";
import { BoundedHistory, readHistoryLimit } from "./bounded-history.ts";
import { readEnvironment } from "./environment.ts";

it("keeps the latest entries, oldest first, up to its limit, and counts the others", () => {
  const history = new BoundedHistory<string>(3);
  for (const entry of ["a", "b", "c", "d", "e"]) history.add(entry);
  expect([history.size, history.dropped]).toEqual([3, 2]);
  expect(history.latest(10)).toEqual(["c", "d", "e"]);
  expect(history.latest(2)).toEqual(["d", "e"]);
  expect(history.latest(0)).toEqual([]);
});

it.each([
  ["42", 42],
  [undefined, 1_000],
  ["not-an-int", 1_000],
  ["0", 1_000],
  ["-5", 1_000],
])("HISTORY_LIMIT %s is a limit of %i", (text, limit) => {
  expect(readEnvironment({ HISTORY_LIMIT: text }, readHistoryLimit)).toBe(limit);
});
