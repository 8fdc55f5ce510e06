import { expect, onTestFinished, test, vi } from "vitest";
import type { HealthStatus } from "../../model/lab-event.ts";
import { HealthMonitor } from "./monitor.ts";
import type { Probe, ProbeResult } from "./probe.ts";

/** A probe whose looks end when the test says so, and how. */
class HeldProbe implements Probe {
  readonly waiting: ((status: HealthStatus) => void)[] = [];
  looks = 0;
  atOnce = 0;
  mostAtOnce = 0;
  isClosed = false;

  look(signal: AbortSignal): Promise<ProbeResult> {
    this.looks++;
    this.mostAtOnce = Math.max(this.mostAtOnce, ++this.atOnce);
    const { promise, resolve } = Promise.withResolvers<ProbeResult>();
    const end = (status: HealthStatus) => {
      this.atOnce--;
      resolve({ status, reason: `look ${this.looks}`, latencyMs: 1 });
    };
    this.waiting.push(end);
    signal.addEventListener("abort", () => end("unknown"), { once: true });
    return promise;
  }

  /** Ends the look that is under way, once there is one. */
  async answer(status: HealthStatus): Promise<void> {
    await expect.poll(() => this.waiting.length).toBeGreaterThan(0);
    this.waiting.shift()?.(status);
  }

  async close(): Promise<void> {
    this.isClosed = true;
  }
}

/** One that answers by itself. */
function steadyProbe(status: () => HealthStatus): Probe & { looks: number } {
  return {
    looks: 0,
    async look() {
      this.looks++;
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

test("is unknown until looked at, and tells every change once, with what it was before", async () => {
  const probe = new HeldProbe();
  const monitor = monitorOf({ a: probe });
  const told: string[] = [];
  monitor.onTransition(({ service, from, to }) => told.push(`${service} ${from} ${to}`));
  expect(monitor.health("a").status).toBe("unknown");
  for (const status of ["up", "up", "degraded", "down", "down", "up"] as const) {
    await probe.answer(status);
    await expect.poll(() => monitor.health("a").status).toBe(status);
    monitor.nudge("a");
  }
  expect(told).toEqual(["a unknown up", "a up degraded", "a degraded down", "a down up"]);
});

test("never looks at a service twice at once, however often it is nudged and awaited", async () => {
  const probe = new HeldProbe();
  const monitor = monitorOf({ a: probe });
  const waits = Array.from({ length: 5 }, () => monitor.waitFor("a", "up", never));
  for (let at = 0; at < 20; at++) monitor.nudge("a");
  await probe.answer("up");
  await probe.answer("up");
  await Promise.all(waits);
  expect(probe.mostAtOnce).toBe(1);
});

test("a slow service does not hold up the others", async () => {
  const slow = new HeldProbe();
  const quick = steadyProbe(() => "up");
  const monitor = monitorOf({ slow, quick });
  await monitor.waitFor("quick", "up", never);
  await expect.poll(() => quick.looks).toBeGreaterThan(2);
  expect(slow.looks).toBe(1);
});

test("waiting is not met by a look that began before: it may be from before the service was broken", async () => {
  const probe = new HeldProbe();
  const monitor = monitorOf({ a: probe });
  await expect.poll(() => probe.looks).toBe(1);
  let isMet = false;
  const wait = monitor.waitFor("a", "up", never).then(() => {
    isMet = true;
  });
  await probe.answer("up");
  await expect.poll(() => probe.looks).toBe(2);
  expect(monitor.health("a").status).toBe("up");
  expect(isMet).toBe(false);
  await probe.answer("up");
  await wait;
});

test("waiting begins a look at once instead of at the next turn, and looking now tells what that one saw", async () => {
  let status: HealthStatus = "up";
  const monitor = monitorOf({ a: steadyProbe(() => status) });
  await monitor.waitFor("a", "up", never);
  status = "down";
  expect(await monitor.lookNow("a", never)).toMatchObject({ status: "down" });
});

test("waiting ends with the reason of its signal, before or while it waits", async () => {
  const monitor = monitorOf({ a: steadyProbe(() => "down") });
  await expect(monitor.waitFor("a", "up", AbortSignal.abort(new Error("too late")))).rejects.toThrow("too late");
  const stop = new AbortController();
  const wait = monitor.waitFor("a", "up", stop.signal);
  stop.abort(new Error("enough"));
  await expect(wait).rejects.toThrow("enough");
});

test("a service that has no probe is unknown, and waiting for it an error that names it", async () => {
  const monitor = monitorOf({});
  expect(monitor.health("b")).toMatchObject({ status: "unknown", reason: "it has no probe" });
  await expect(monitor.waitFor("b", "up", never)).rejects.toThrow('there is no service "b" to look at');
});

test("closing ends the look under way, tells nothing more and closes the probes", async () => {
  const probe = new HeldProbe();
  const monitor = new HealthMonitor(new Map([["a", probe]]));
  const told: string[] = [];
  monitor.onTransition(({ to }) => told.push(to));
  await expect.poll(() => probe.looks).toBe(1);
  await monitor.close();
  expect(told).toEqual([]);
  expect(probe.isClosed).toBe(true);
  expect(probe.looks).toBe(1);
});

test("one who no longer listens is told nothing", async () => {
  const probe = new HeldProbe();
  const monitor = monitorOf({ a: probe });
  const told: string[] = [];
  const forget = monitor.onTransition(({ to }) => told.push(to));
  forget();
  await probe.answer("up");
  await expect.poll(() => monitor.health("a").status).toBe("up");
  expect(told).toEqual([]);
});

test("a probe that throws leaves its service unknown, with the reason, and is tried again; the others are looked at", async () => {
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

test("a listener that throws is told of, and keeps neither the others nor the probing from going on", async () => {
  let status: HealthStatus = "up";
  const monitor = monitorOf({ a: steadyProbe(() => status) });
  const failures: unknown[] = [];
  const told: string[] = [];
  monitor.onFailure((error) => failures.push(error));
  monitor.onTransition(() => {
    throw new Error("a broken listener");
  });
  monitor.onTransition(({ to }) => told.push(to));
  await monitor.waitFor("a", "up", never);
  status = "down";
  await monitor.waitFor("a", "down", never);
  expect(told).toEqual(["up", "down"]);
  expect(failures).toEqual([new Error("a broken listener"), new Error("a broken listener")]);
});

test("probes a service that somebody waits for often, less so the longer it takes, and any other at its usual pace", async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const [awaited, other] = [steadyProbe(() => "down"), steadyProbe(() => "down")];
  const monitor = monitorOf({ awaited, other });
  await vi.advanceTimersByTimeAsync(1_000);
  expect(awaited.looks).toBe(other.looks);
  const stop = new AbortController();
  const waiting = monitor.waitFor("awaited", "up", stop.signal).catch(() => {});
  const before = awaited.looks;
  await vi.advanceTimersByTimeAsync(100);
  const early = awaited.looks - before;
  expect(early).toBeGreaterThanOrEqual(8);
  await vi.advanceTimersByTimeAsync(10_000);
  const late = awaited.looks;
  await vi.advanceTimersByTimeAsync(1_000);
  expect(awaited.looks - late).toBe(4);
  stop.abort();
  await waiting;
  expect(other.looks).toBeLessThan(60);
});
