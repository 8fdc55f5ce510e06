import { expect, onTestFinished, test, vi } from "vitest";
import type { HealthStatus } from "../../model/lab-event.ts";
import { HealthMonitor } from "./monitor.ts";
import type { Probe, ProbeResult } from "./probe.ts";

/** A probe whose checks end when the test answers them. */
class ManualProbe implements Probe {
  readonly waiting: ((status: HealthStatus) => void)[] = [];
  checks = 0;
  atOnce = 0;
  mostAtOnce = 0;
  isClosed = false;

  check(signal: AbortSignal): Promise<ProbeResult> {
    this.checks++;
    this.mostAtOnce = Math.max(this.mostAtOnce, ++this.atOnce);
    const { promise, resolve } = Promise.withResolvers<ProbeResult>();
    const end = (status: HealthStatus) => {
      this.atOnce--;
      resolve({ status, reason: `check ${this.checks}`, latencyMs: 1 });
    };
    this.waiting.push(end);
    signal.addEventListener("abort", () => end("unknown"), { once: true });
    return promise;
  }

  /** Ends the check in progress, once there is one. */
  async answer(status: HealthStatus): Promise<void> {
    await expect.poll(() => this.waiting.length).toBeGreaterThan(0);
    this.waiting.shift()?.(status);
  }

  async close(): Promise<void> {
    this.isClosed = true;
  }
}

/** A probe that answers by itself. */
function steadyProbe(status: () => HealthStatus): Probe & { checks: number } {
  return {
    checks: 0,
    async check() {
      this.checks++;
      return { status: status(), reason: "steady", latencyMs: 1 };
    },
    async close() {},
  };
}

function monitorOf(probes: Record<string, Probe>): HealthMonitor {
  const monitor = new HealthMonitor(new Map(Object.entries(probes)));
  onTestFinished(() => monitor.close());
  return monitor;
}

const never = new AbortController().signal;

test("is unknown until the first check, and reports every change once, with the previous status", async () => {
  const probe = new ManualProbe();
  const monitor = monitorOf({ a: probe });
  const reported: string[] = [];
  monitor.onTransition(({ service, from, to }) => reported.push(`${service} ${from} ${to}`));
  expect(monitor.health("a").status).toBe("unknown");
  for (const status of ["up", "up", "degraded", "down", "down", "up"] as const) {
    await probe.answer(status);
    await expect.poll(() => monitor.health("a").status).toBe(status);
    monitor.nudge("a");
  }
  expect(reported).toEqual(["a unknown up", "a up degraded", "a degraded down", "a down up"]);
});

test("never runs two checks of a service at once, however often it is nudged and awaited", async () => {
  const probe = new ManualProbe();
  const monitor = monitorOf({ a: probe });
  const waits = Array.from({ length: 5 }, () => monitor.waitFor("a", "up", never));
  for (let at = 0; at < 20; at++) monitor.nudge("a");
  await probe.answer("up");
  await probe.answer("up");
  await Promise.all(waits);
  expect(probe.mostAtOnce).toBe(1);
});

test("a slow service does not delay the others", async () => {
  const slow = new ManualProbe();
  const quick = steadyProbe(() => "up");
  const monitor = monitorOf({ slow, quick });
  await monitor.waitFor("quick", "up", never);
  await expect.poll(() => quick.checks).toBeGreaterThan(2);
  expect(slow.checks).toBe(1);
});

test("waiting ignores a check that started earlier: it may predate a fault", async () => {
  const probe = new ManualProbe();
  const monitor = monitorOf({ a: probe });
  await expect.poll(() => probe.checks).toBe(1);
  let isMet = false;
  const wait = monitor.waitFor("a", "up", never).then(() => {
    isMet = true;
  });
  await probe.answer("up");
  await expect.poll(() => probe.checks).toBe(2);
  expect(monitor.health("a").status).toBe("up");
  expect(isMet).toBe(false);
  await probe.answer("up");
  await wait;
});

test("waiting starts a check at once instead of at the next interval, and checkNow resolves to its result", async () => {
  let status: HealthStatus = "up";
  const monitor = monitorOf({ a: steadyProbe(() => status) });
  await monitor.waitFor("a", "up", never);
  status = "down";
  expect(await monitor.checkNow("a", never)).toMatchObject({ status: "down" });
});

test("a service that is up after a slow answer has settled as up; one that stays down is told as it is", async () => {
  const answers: HealthStatus[] = ["down", "down", "up"];
  const monitor = monitorOf({ slow: steadyProbe(() => answers.shift() ?? "up"), down: steadyProbe(() => "down") });
  expect(await monitor.settled("slow", 60_000, never)).toMatchObject({ status: "up" });
  expect(await monitor.settled("down", 20, never)).toMatchObject({ status: "down" });
  await expect(monitor.settled("down", 60_000, AbortSignal.abort(new Error("enough")))).rejects.toThrow("enough");
});

test("waiting ends with the reason of its signal, before or while it waits", async () => {
  const monitor = monitorOf({ a: steadyProbe(() => "down") });
  await expect(monitor.waitFor("a", "up", AbortSignal.abort(new Error("too late")))).rejects.toThrow("too late");
  const stop = new AbortController();
  const wait = monitor.waitFor("a", "up", stop.signal);
  stop.abort(new Error("enough"));
  await expect(wait).rejects.toThrow("enough");
});

test("a service without a probe is unknown, and waiting for it is an error that names it", async () => {
  const monitor = monitorOf({});
  expect(monitor.health("b")).toMatchObject({ status: "unknown", reason: "it has no probe" });
  await expect(monitor.waitFor("b", "up", never)).rejects.toThrow('there is no service "b" to check');
});

test("closing ends the check in progress, reports nothing more and closes the probes", async () => {
  const probe = new ManualProbe();
  const monitor = new HealthMonitor(new Map([["a", probe]]));
  const reported: string[] = [];
  monitor.onTransition(({ to }) => reported.push(to));
  await expect.poll(() => probe.checks).toBe(1);
  await monitor.close();
  expect(reported).toEqual([]);
  expect(probe.isClosed).toBe(true);
  expect(probe.checks).toBe(1);
});

test("nothing is sent to a listener after it has unsubscribed", async () => {
  const probe = new ManualProbe();
  const monitor = monitorOf({ a: probe });
  const reported: string[] = [];
  const forget = monitor.onTransition(({ to }) => reported.push(to));
  forget();
  await probe.answer("up");
  await expect.poll(() => monitor.health("a").status).toBe("up");
  expect(reported).toEqual([]);
});

test("a probe that throws leaves its service unknown, with the reason, and is retried; the others are probed", async () => {
  let isBroken = true;
  const probe = steadyProbe(() => {
    if (isBroken) throw new Error("no port is known");
    return "up";
  });
  const monitor = monitorOf({ a: probe, b: steadyProbe(() => "up") });
  const failures: string[] = [];
  monitor.onFailure((error) => failures.push(String(error)));
  await expect.poll(() => monitor.health("a").reason).toBe("it could not be probed: no port is known");
  expect(monitor.health("a").status).toBe("unknown");
  await monitor.waitFor("b", "up", never);
  expect(failures[0]).toMatch("a could not be probed: no port is known");
  isBroken = false;
  await monitor.waitFor("a", "up", never);
});

test("a listener that throws is reported, and the others and the probing continue", async () => {
  let status: HealthStatus = "up";
  const monitor = monitorOf({ a: steadyProbe(() => status) });
  const failures: unknown[] = [];
  const reported: string[] = [];
  monitor.onFailure((error) => failures.push(error));
  monitor.onTransition(() => {
    throw new Error("a broken listener");
  });
  monitor.onTransition(({ to }) => reported.push(to));
  await monitor.waitFor("a", "up", never);
  status = "down";
  await monitor.waitFor("a", "down", never);
  expect(reported).toEqual(["up", "down"]);
  expect(failures).toEqual([new Error("a broken listener"), new Error("a broken listener")]);
});

test("probes an awaited service often, less often the longer it takes, and any other at the usual interval", async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const [awaited, other] = [steadyProbe(() => "down"), steadyProbe(() => "down")];
  const monitor = monitorOf({ awaited, other });
  await vi.advanceTimersByTimeAsync(1_000);
  expect(awaited.checks).toBe(other.checks);
  const stop = new AbortController();
  const waiting = monitor.waitFor("awaited", "up", stop.signal).catch(() => {});
  const before = awaited.checks;
  await vi.advanceTimersByTimeAsync(100);
  const early = awaited.checks - before;
  expect(early).toBeGreaterThanOrEqual(8);
  await vi.advanceTimersByTimeAsync(10_000);
  const late = awaited.checks;
  await vi.advanceTimersByTimeAsync(1_000);
  expect(awaited.checks - late).toBe(4);
  stop.abort();
  await waiting;
  expect(other.checks).toBeLessThan(60);
});
