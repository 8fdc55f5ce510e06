import { expect, it } from "vitest";
import { stallableLoop } from "../../http/testing/stalled-loop.ts";
import { Pressure, type PressureReading, watchPressure } from "./pressure.ts";

const calm: PressureReading = { delayP99Ms: 2, delayMaxMs: 40, utilization: 0.3, cpuRatio: 0.3 };

function at(queued: number) {
  const clock = { nowMs: 0 };
  const work = { queued };
  return {
    clock,
    work,
    pressure: new Pressure(
      () => work.queued,
      () => clock.nowMs,
    ),
  };
}

it.each<[string, Partial<PressureReading>]>([
  ["event_loop_delay", { delayP99Ms: 1_000 }],
  ["event_loop_delay", { delayMaxMs: 1_000 }],
  ["event_loop_utilization", { utilization: 0.95 }],
  ["cpu", { cpuRatio: 0.9 }],
])("opens a window of two seconds for %s with work queued: %j", (reason, reading) => {
  const { clock, pressure } = at(1);
  pressure.check({ ...calm, ...reading });
  expect([pressure.isOpen, pressure.reasons]).toEqual([true, [reason]]);
  clock.nowMs = 1_999;
  expect(pressure.isOpen).toBe(true);
  clock.nowMs = 2_000;
  expect(pressure.isOpen).toBe(false);
});

it("opens none while nothing waits, and none while there is no reason", () => {
  const idle = at(0).pressure;
  idle.check({ ...calm, utilization: 1, cpuRatio: 2, delayMaxMs: 5_000 });
  const busy = at(9).pressure;
  busy.check({ ...calm, utilization: 0.94, cpuRatio: 0.89, delayMaxMs: 999, delayP99Ms: 999 });
  expect([idle.isOpen, busy.isOpen]).toEqual([false, false]);
});

it("opens one for a stall also when the work that came meanwhile is only read after it, by the next check", () => {
  const { pressure, work } = at(0);
  const stall = { ...calm, delayMaxMs: 1_400 };
  pressure.check(stall);
  expect(pressure.isOpen).toBe(false);
  work.queued = 4;
  pressure.check(calm);
  expect([pressure.isOpen, pressure.reasons]).toEqual([true, ["event_loop_delay"]]);
});

it("opens none for work that comes later than that", () => {
  const { pressure, work } = at(0);
  pressure.check({ ...calm, delayMaxMs: 1_400 });
  pressure.check(calm);
  work.queued = 4;
  pressure.check(calm);
  expect(pressure.isOpen).toBe(false);
});

it.each([0, 10, 19, 20, 250, 499])("finds a stall of the process that begins %d ms after a check", (ms) => {
  const loop = stallableLoop();
  const { pressure } = at(4);
  const stopWatching = watchPressure(pressure);
  loop.pass(500 + ms);
  loop.stall(1_240);
  expect(pressure.reasons).toContain("event_loop_delay");
  stopWatching();
});
