import { expect, test } from "vitest";
import { HitLog } from "./hits.ts";

const hit = { link: "l", toxic: "t", type: "latency", connection: 1, effect: "delayed" };

test("pages through the record and counts the hits that have left it", () => {
  const log = new HitLog(3);
  for (let at = 0; at < 5; at += 1) log.record(hit);
  expect(log.since(0)).toMatchObject({ hits: [{ seq: 3 }, { seq: 4 }, { seq: 5 }], next: 5, dropped: 2 });
  expect(log.since(3, 1)).toMatchObject({ hits: [{ seq: 4 }], next: 4, dropped: 0 });
  expect(log.since(5)).toEqual({ hits: [], next: 5, dropped: 0 });
  expect(log.since(99)).toEqual({ hits: [], next: 5, dropped: 0 });
  expect(log.droppedTotal).toBe(2);
});

test("an empty record has no hits and has dropped none", () => {
  expect(new HitLog(3).since(0)).toEqual({ hits: [], next: 0, dropped: 0 });
});

test("followers receive each hit until they unsubscribe", () => {
  const log = new HitLog(3);
  const received: number[] = [];
  let ends = 0;
  const follower = { take: ({ seq }: { seq: number }) => void received.push(seq), end: () => void ends++ };
  const leave = log.follow(follower);
  log.record(hit);
  leave();
  log.record(hit);
  expect(received).toEqual([1]);
  log.follow(follower);
  log.close();
  expect(ends).toBe(1);
});
