import { expect, it } from "vitest";
import { Pressure, type PressureReading } from "./pressure.ts";

const calm: PressureReading = { delayP99Ms: 2, delayMaxMs: 40, utilization: 0.3, cpuRatio: 0.3 };

function at(queued: number) {
  const clock = { nowMs: 0 };
  return {
    clock,
    pressure: new Pressure(
      () => queued,
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
