import { describe, expect, it } from "vitest";
import { type UpstreamCause, UpstreamFailure } from "../upstream-failure.ts";
import { type HealthChange, StatusTracker } from "./status-tracker.ts";

const quickMs = 5;

function trackerWith(unhealthyThreshold: number) {
  const changes: HealthChange[] = [];
  const tracker = new StatusTracker({ unhealthyThreshold, degradedAfterMs: 100 });
  tracker.onChange((change) => changes.push(change));
  const fail = (kind: UpstreamCause = "refused", times = 1) => {
    for (let at = 0; at < times; at += 1) tracker.failed(new UpstreamFailure(kind, `it is ${kind}`));
  };
  return { tracker, changes, fail };
}

describe("StatusTracker", () => {
  it("is unknown until a probe ends, also while a backend that was never seen fails", () => {
    const { tracker, fail } = trackerWith(3);
    fail("refused", 2);
    expect(tracker.reading).toMatchObject({ status: "unknown", consecutiveFailures: 2 });
  });

  it("keeps its status below the threshold, and changes at it", () => {
    const { tracker, changes, fail } = trackerWith(3);
    tracker.succeeded(quickMs);
    fail("refused", 2);
    expect(tracker.reading.status).toBe("healthy");
    fail();
    expect(tracker.reading).toMatchObject({ status: "unhealthy", errorCategory: "connection_failed" });
    expect(changes.at(-1)).toEqual({ from: "healthy", to: "unhealthy", reason: "it is refused" });
  });

  it("is degraded after the first success, then what it really is", () => {
    const { tracker, fail } = trackerWith(1);
    fail();
    tracker.succeeded(quickMs);
    expect(tracker.reading).toMatchObject({ status: "degraded", consecutiveFailures: 0, error: undefined });
    tracker.succeeded(quickMs);
    expect(tracker.reading.status).toBe("healthy");
  });

  it("is degraded while it is slow, which counts as a success", () => {
    const { tracker, fail } = trackerWith(2);
    fail();
    tracker.succeeded(101);
    tracker.succeeded(101);
    expect(tracker.reading).toMatchObject({ status: "degraded", consecutiveFailures: 0 });
    tracker.succeeded(quickMs);
    expect(tracker.reading.status).toBe("healthy");
  });

  it("changes between the kinds of unusable", () => {
    const { tracker, fail } = trackerWith(1);
    fail();
    fail("unauthorized");
    expect(tracker.reading).toMatchObject({ status: "unauthenticated", errorCategory: "authentication_failed" });
    fail("deadline");
    expect(tracker.reading).toMatchObject({ status: "unhealthy", errorCategory: "timeout", consecutiveFailures: 3 });
  });

  it("counts a call that was answered as a sign of health, and not as a sign of speed", () => {
    const { tracker, fail } = trackerWith(3);
    tracker.succeeded(101);
    tracker.answered();
    expect(tracker.reading.status).toBe("degraded");
    fail("refused", 2);
    tracker.answered();
    fail("refused", 2);
    expect(tracker.reading).toMatchObject({ status: "degraded", consecutiveFailures: 2 });
  });

  it("reports a change once, after it has happened", () => {
    const { tracker, fail } = trackerWith(1);
    const seen: unknown[] = [];
    tracker.onChange(({ to }) => seen.push([to, tracker.reading.status]));
    tracker.succeeded(quickMs);
    tracker.succeeded(quickMs);
    fail("refused", 3);
    expect(seen).toEqual([
      ["healthy", "healthy"],
      ["unhealthy", "unhealthy"],
    ]);
  });
});
