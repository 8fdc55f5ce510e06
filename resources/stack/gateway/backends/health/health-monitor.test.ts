import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { UpstreamFailure } from "../upstream-failure.ts";
import { HealthMonitor } from "./health-monitor.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] }));
afterEach(() => void vi.useRealTimers());

/** A monitor whose probes take no time unless told, with the milliseconds since the start at which it probed. */
function monitorOf({
  intervalMs = 3_000,
  recheckMs = 100,
  tookMs = 0,
  fails = (): boolean | UpstreamFailure => false,
} = {}) {
  const startedMs = performance.now();
  const probedMs: number[] = [];
  const monitor = new HealthMonitor({
    intervalMs,
    recheckMs,
    probe: async () => {
      probedMs.push(Math.round(performance.now() - startedMs));
      const failure = fails();
      if (tookMs > 0) await new Promise((resolve) => setTimeout(resolve, tookMs));
      if (failure) throw failure === true ? new UpstreamFailure("refused", "connection refused") : failure;
    },
    onSuccess: () => {},
    onFailure: () => {},
  });
  monitor.start();
  return { monitor, probedMs };
}

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

describe("HealthMonitor", () => {
  it("PeriodicHealthChecks: probes a steady backend at its interval", async () => {
    const { probedMs } = monitorOf();
    await pass(6_000);
    expect(probedMs).toEqual([0, 3_000, 6_000]);
  });

  it("probes again soon after a failure, then after twice as long, up to the interval", async () => {
    const { probedMs } = monitorOf({ fails: () => true });
    await pass(9_300);
    expect(probedMs).toEqual([0, 100, 300, 700, 1_500, 3_100, 6_100, 9_100]);
  });

  it("confirms a recovery soon, and is at its interval again after it", async () => {
    let isDown = true;
    const { probedMs } = monitorOf({ fails: () => isDown });
    await pass(100);
    isDown = false;
    await pass(6_000);
    expect(probedMs).toEqual([0, 100, 300, 700, 3_700]);
    isDown = true;
    await pass(1_000);
    expect(probedMs.slice(5)).toEqual([6_700, 6_800, 7_000]);
  });

  it("does not probe a backend that comes and goes ever more often than its interval", async () => {
    let probes = 0;
    const { probedMs } = monitorOf({ fails: () => probes++ % 2 === 0 });
    await pass(20_000);
    const pausesMs = probedMs.slice(1).map((ms, at) => ms - (probedMs[at] ?? 0));
    expect(pausesMs.slice(0, 6)).toEqual([100, 200, 400, 800, 1_600, 3_000]);
    expect(new Set(pausesMs.slice(5))).toEqual(new Set([3_000]));
  });

  it("remembers a sign that came during a probe, which had asked before", async () => {
    const { monitor, probedMs } = monitorOf({ tookMs: 200 });
    await pass(50);
    monitor.take("fails");
    await pass(1_000);
    expect(probedMs).toEqual([0, 300]);
  });

  it("probes at once after a sign that contradicts the last probe, but not within 100 ms of that", async () => {
    const { monitor, probedMs } = monitorOf();
    await pass(1_000);
    monitor.take("answers");
    await pass(500);
    monitor.take("fails");
    monitor.take("fails");
    await pass(10);
    monitor.take("fails");
    monitor.take("fails");
    await pass(3_090);
    expect(probedMs).toEqual([0, 1_500, 1_600, 4_600]);
  });

  it("takes a backend that answers for one that may have recovered, and one that fails again for no news", async () => {
    let isDown = true;
    const { monitor, probedMs } = monitorOf({ recheckMs: 3_000, fails: () => isDown });
    await pass(1_000);
    monitor.take("fails");
    await pass(500);
    isDown = false;
    monitor.take("answers");
    await pass(3_000);
    expect(probedMs).toEqual([0, 1_500, 4_500]);
  });

  it("waits for an open circuit as long as that says, and stops when it is stopped", async () => {
    const open = new UpstreamFailure("not-sent", "circuit breaker open", 60_000);
    const { monitor, probedMs } = monitorOf({ fails: () => open });
    await pass(60_000);
    expect(probedMs).toEqual([0, 60_000]);
    monitor.stop();
    monitor.take("fails");
    await pass(200_000);
    expect(probedMs).toHaveLength(2);
  });

  it("StartStop: probes at once when it is started, and no more once it is stopped, nor is it started again", async () => {
    const { monitor, probedMs } = monitorOf({ tookMs: 50 });
    await pass(0);
    expect(probedMs).toEqual([0]);
    // In mid-probe: what that finds is no reason for another.
    monitor.stop();
    monitor.take("fails");
    await pass(10_000);
    monitor.start();
    await pass(10_000);
    expect(probedMs).toEqual([0]);
  });

  it("never waits longer than the interval, however long the first pause is", async () => {
    const { probedMs } = monitorOf({ intervalMs: 500, recheckMs: 1_000, fails: () => true });
    await pass(1_000);
    expect(probedMs).toEqual([0, 500, 1_000]);
  });
});
