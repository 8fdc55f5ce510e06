import { expect, test } from "vitest";
import { RecordLog } from "./record-log.ts";

test("pages through the record and counts the entries that have left it", () => {
  const log = new RecordLog(3);
  for (let at = 0; at < 5; at += 1) log.record({});
  expect(log.since(0)).toMatchObject({ entries: [{ seq: 3 }, { seq: 4 }, { seq: 5 }], next: 5, dropped: 2 });
  expect(log.since(3, 1)).toMatchObject({ entries: [{ seq: 4 }], next: 4, dropped: 0 });
  expect(log.since(5)).toEqual({ entries: [], next: 5, dropped: 0 });
  expect(log.since(99)).toEqual({ entries: [], next: 5, dropped: 0 });
  expect(log.droppedTotal).toBe(2);
});

test("an empty record has no entries and has dropped none", () => {
  expect(new RecordLog(3).since(0)).toEqual({ entries: [], next: 0, dropped: 0 });
});

test("what could not be kept is counted where it would be", () => {
  const log = new RecordLog<{ name: string }>(5);
  log.record({ name: "kept" });
  log.drop();
  log.drop();
  log.record({ name: "after" });
  log.drop();
  expect(log.since(0, 1)).toEqual({ entries: [{ seq: 1, name: "kept" }], next: 1, dropped: 0 });
  expect(log.since(1, 1)).toEqual({ entries: [{ seq: 4, name: "after" }], next: 4, dropped: 2 });
  expect(log.since(4)).toEqual({ entries: [], next: 5, dropped: 1 });
});

test("followers are woken by each entry until they unsubscribe", () => {
  const log = new RecordLog(3);
  const woken: number[] = [];
  let ends = 0;
  const follower = { wake: () => void woken.push(log.last), end: () => void ends++ };
  const leave = log.follow(follower);
  log.record({});
  leave();
  log.record({});
  expect(woken).toEqual([1]);
  log.follow(follower);
  log.close();
  expect(ends).toBe(1);
});
