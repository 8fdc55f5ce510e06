import { expect, test } from "vitest";
import type { LabEvent, LabEventBody } from "../../model/lab-event.ts";
import { stillClock } from "../../testing/sample-events.ts";
import { RunLog } from "./run-log.ts";

const warning = (message: string): LabEventBody => ({ type: "warning", code: "test", message });
const textOf = (event: LabEvent) => `${event.seq} ${event.type === "warning" ? event.message : event.type}`;

function newLog(record: (event: LabEvent) => void = () => {}) {
  const clock = stillClock();
  return { clock, log: new RunLog({ runId: "run-1", clock, record }) };
}

test("numbers events from 1 without a gap and stamps both clocks", () => {
  const { log, clock } = newLog();
  clock.advance(5);
  expect(log.append(warning("a"))).toMatchObject({ runId: "run-1", seq: 1, atMs: 5, wallMs: 1_700_000_000_005 });
  clock.advance(7);
  expect(log.append(warning("b"))).toMatchObject({ seq: 2, atMs: 12 });
});

test("an event is recorded before its listeners are notified", () => {
  const order: string[] = [];
  const { log } = newLog((event) => order.push(`recorded ${event.seq}`));
  log.subscribe((event) => order.push(`notified ${event.seq}`));
  log.append(warning("a"));
  log.append(warning("b"));
  expect(order).toEqual(["recorded 1", "notified 1", "recorded 2", "notified 2"]);
});

test("no listener is notified of an event that could not be recorded", () => {
  const notified: string[] = [];
  const { log } = newLog(() => {
    throw new Error("disk full");
  });
  log.subscribe((event) => notified.push(textOf(event)));
  expect(() => log.append(warning("a"))).toThrow("disk full");
  expect(notified).toEqual([]);
});

test("what a listener appends is sent after the event it answers, to all listeners in the same order", () => {
  const recorded: string[] = [];
  const { log } = newLog((event) => recorded.push(textOf(event)));
  const seen: [string[], string[]] = [[], []];
  log.subscribe((event) => {
    seen[0].push(textOf(event));
    if (event.seq === 1) {
      log.append(warning("answer"));
      log.append(warning("and more"));
    }
  });
  log.subscribe((event) => seen[1].push(textOf(event)));
  log.append(warning("question"));
  expect(recorded).toEqual(["1 question", "2 answer", "3 and more"]);
  expect(seen[0]).toEqual(recorded);
  expect(seen[1]).toEqual(recorded);
});

test("a listener that throws is dropped with a warning in the log; the others and the run continue", () => {
  const { log } = newLog();
  const seen: string[] = [];
  let calls = 0;
  log.subscribe(() => {
    calls++;
    throw new Error("broken view");
  });
  log.subscribe((event) => seen.push(textOf(event)));
  log.append(warning("a"));
  log.append(warning("b"));
  expect(calls).toBe(1);
  expect(seen).toEqual(["1 a", "2 a view of this run failed: Error: broken view", "3 b"]);
});

test("after unsubscribing nothing arrives, including events that are already pending", () => {
  const { log } = newLog();
  const seen: number[] = [];
  const subscription: { end?: () => void } = {};
  log.subscribe(() => subscription.end?.());
  subscription.end = log.subscribe((event) => seen.push(event.seq));
  log.append(warning("a"));
  log.append(warning("b"));
  expect(seen).toEqual([]);
});

test("a late subscriber receives the events that follow, and no earlier one", () => {
  const { log } = newLog();
  const seen: number[] = [];
  log.append(warning("a"));
  log.subscribe((event) => seen.push(event.seq));
  log.append(warning("b"));
  expect(seen).toEqual([2]);
});

test("what is recorded, sent and returned is redacted; only subscribers to real events receive the original", () => {
  const recorded: string[] = [];
  const notified: string[] = [];
  const real: string[] = [];
  const redact = (event: LabEvent) => (event.type === "warning" ? { ...event, message: "[redacted: test 1]" } : event);
  const record = (event: LabEvent) => void recorded.push(textOf(event));
  const log = new RunLog({ runId: "run-1", clock: stillClock(), record, redact });
  log.subscribe((event) => notified.push(textOf(event)));
  log.subscribeToReal((event) => real.push(textOf(event)));
  expect(log.append(warning("secret"))).toMatchObject({ message: "[redacted: test 1]" });
  expect([recorded, notified]).toEqual([["1 [redacted: test 1]"], ["1 [redacted: test 1]"]]);
  expect(real).toEqual(["1 secret"]);
});

test("the end of a run is sent once it is durable, after all earlier events", async () => {
  const durable = Promise.withResolvers<void>();
  const order: string[] = [];
  const log = new RunLog({
    runId: "run-1",
    clock: stillClock(),
    record: (event) => order.push(`recorded ${event.seq}`),
    recordEnd: (event) => {
      order.push(`recording ${event.seq}`);
      return durable.promise;
    },
  });
  log.subscribe((event) => order.push(`notified ${event.seq}`));
  log.append(warning("a"));
  const ending = log.end({ outcome: "passed", reason: "every check held" });
  await new Promise(setImmediate);
  expect(order).toEqual(["recorded 1", "notified 1", "recording 2"]);
  durable.resolve();
  expect(await ending).toMatchObject({ type: "run.ended", seq: 2, outcome: "passed" });
  expect(order.at(-1)).toBe("notified 2");
});

test("no listener is notified of an end that could not be recorded", async () => {
  const notified: string[] = [];
  const recordEnd = () => Promise.reject(new Error("disk full"));
  const log = new RunLog({ runId: "run-1", clock: stillClock(), record: () => {}, recordEnd });
  log.subscribe((event) => notified.push(textOf(event)));
  await expect(log.end({ outcome: "passed", reason: "" })).rejects.toThrow("disk full");
  expect(notified).toEqual([]);
});

test("what comes after the end is neither recorded nor shown", async () => {
  const recorded: LabEvent[] = [];
  const shown: LabEvent[] = [];
  const log = new RunLog({ runId: "run-1", clock: stillClock(), record: (event) => recorded.push(event) });
  log.subscribe((event) => shown.push(event));
  log.append(warning("before"));
  await log.end({ outcome: "passed", reason: "" });
  expect(log.append(warning("too late"))).toMatchObject({ type: "warning" });
  expect(recorded.map(({ type }) => type)).toEqual(["warning", "run.ended"]);
  expect(shown).toEqual(recorded);
});
